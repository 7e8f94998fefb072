#!/usr/bin/env bash
# Postern in one command, on a bare Debian 12: installs what is missing, builds, starts it with an Amazon SES look-alike
# beside it, sends three mails as a Drupal site would, and shows what became of each. Nothing leaves this machine.
#   deploy/quickstart.sh          then leaves everything running until Ctrl-C
#   deploy/quickstart.sh --once   ends after showing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
once=no
case ${1:-} in
  '') ;;
  --once) once=yes ;;
  *) sed -n '2,5s/^# *//p' "$0"; exit 2 ;;
esac

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
die() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }
. deploy/look_alike.sh
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() { # those of deploy/packages.txt above its line "# --- to test"
  local missing package
  missing=$(sed '/^# --- to test/,$d; s/#.*//' deploy/packages.txt | xargs -n 1 | while read -r package; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || echo "$package"
  done)
  [ -n "$missing" ] || return 0
  say "Installing $(wc -w <<< "$missing") packages"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -q && as_root apt-get install -y -q --no-install-recommends $missing
}

build() {
  say "Building (a few minutes the first time)"
  [ -f build/release/CMakeCache.txt ] || cmake --preset release -DBUILD_TESTING=OFF > /dev/null
  cmake --build --preset release -j "$(nproc)" --target postern
}

refuse_unknown_user() { # what SES answers for an address that it cannot take
  curl -fsS "http://127.0.0.1:$ses_control/script" -d '{"phase": "rcpt", "action": "reply", "count": 0,
    "pattern": "no-such-user@", "reply": "553 <no-such-user@example.net> address unknown"}' > /dev/null
}

start_postern() {
  smtp_port=$(free_port) http_port=$(free_port)
  write_ses_credentials "$home"
  cat > "$home/postern.yml" << YAML
data_dir: $home/data
hostname: relay.example.com
listen:
  smtp:
    - { address: "127.0.0.1:$smtp_port", tls: none, app: shop }
  http:
    - { address: "127.0.0.1:$http_port", serve: [health, metrics] }
  socket: $home/admin.sock
upstream:
  kind: ses
  region: eu-central-1
  host: localhost            # the look-alike; leave host, port and tls_ca_file out for SES itself
  port: $ses_port
  tls_ca_file: $ses_ca
  username_file: ses_user
  password_file: ses_password
domains:
  - { name: example.com, selector: p1, verify: trusted }
apps:
  - { name: shop, domains: [example.com], contact: web@example.com }
YAML
  "$postern" check-config "$home/postern.yml" || die "the example configuration is not accepted"
  "$postern" serve --config "$home/postern.yml" 2> "$home/postern.log" &
  pids+=($!)
  local tries
  for tries in $(seq 100); do
    "$postern" healthcheck --config "$home/postern.yml" > /dev/null 2>&1 && return 0
    kill -0 "${pids[-1]}" 2> /dev/null || die "postern did not start: $(cat "$home/postern.log")"
    sleep 0.1
  done
  die "postern is not ready: see $home/postern.log"
}

send() { # WHAT TO KIND: prints the relay's reply and sets `reference`, what `trace` takes
  say "$1"
  local answer
  answer=$(/usr/bin/python3 deploy/quickstart_mail.py "$smtp_port" "$2" "$3")
  printf '  the relay said:  %s\n' "$answer"
  reference=$(sed -nE 's/.*queued as ([0-9A-Z]+).*/\1/p; s/.*\(([0-9A-Z-]+)\) \[[a-z-]+\].*/\1/p' <<< "$answer")
  [ -n "$reference" ] || die "no reference in that reply"
}

trace_until() { # WORD: waits until the message has come to this event, then shows its life
  local tries
  for tries in $(seq 150); do
    "$postern" trace "$reference" --config "$home/postern.yml" --json | grep -q "\"event\":\"$1\"" && break
    sleep 0.1
  done
  "$postern" trace "$reference" --config "$home/postern.yml" | sed 's/^/  /'
}

show_metrics() {
  say "What Prometheus sees (http://127.0.0.1:$http_port/metrics)"
  curl -fsS "http://127.0.0.1:$http_port/metrics" |
    grep -E '^postern_(messages_accepted_total|messages_refused_total|dkim_signatures_total|delivery_attempts_total|queue_messages)' |
    grep -v ' 0$' | sed 's/^/  /'
}

home=$(mktemp -d)
pids=()
cleanup() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$home"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

install_packages
build
postern=$PWD/build/release/relay/app/postern
start_ses
refuse_unknown_user
start_postern

send 'A Drupal mail: a password reset for alice@example.net' alice@example.net reset
trace_until sent
signed=$(ls "$home"/ses/*.eml | grep -v received | head -1)
printf '  as its recipient gets it:\n'
sed -n '/^DKIM-Signature:.*/,/^$/p' "$signed" | grep -iE '^(DKIM-Signature.*d=example.com|From:|To:|Subject:|Date:)' | cut -c 1-110 | sed 's/^/    /'

send 'A mail that carries a file: refused while the site can still show why' bob@example.net attachment
trace_until refused

send 'A mail to an address that Amazon SES refuses' no-such-user@example.net notice
trace_until failed

show_metrics
if [ "$once" = yes ]; then exit 0; fi
say 'Everything is running. Try it:'
cat << TEXT
  point a Drupal site at      smtp://127.0.0.1:$smtp_port   (sidecar listener: no user, no password, no TLS; From at example.com)
  see the queue               $postern queue list --config $home/postern.yml
  why did a mail not arrive?  $postern trace alice@example.net --config $home/postern.yml
  metrics                     http://127.0.0.1:$http_port/metrics
  what SES received           $home/ses
  Ctrl-C ends it and removes $home
TEXT
wait "${pids[@]}"
