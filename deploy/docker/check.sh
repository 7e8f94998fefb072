#!/usr/bin/env bash
# Builds the image and sends a mail through it, under the constraints of a strict cluster: a user of its own, a read-only
# root, no capability. Wants root and buildah alone: no engine, no container runtime.
#   deploy/docker/check.sh             all stages: compiles, 5 minutes or more
#   deploy/docker/check.sh FOLDER      with the .deb that lies in FOLDER
# Where no registry answers, the base image is made by debootstrap from this machine's package sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v buildah > /dev/null || apt-get install -y -q --no-install-recommends buildah
[ $# -le 1 ] || { sed -n '2,6s/^# *//p' "$0"; exit 2; }
package=${1:+$(cd "$1" && pwd)}
base=docker.io/library/debian:bookworm-slim
most_over_base=120 # MB
user=23456:23456
home=$(mktemp -d)
storage=(--root "$home/storage" --runroot "$home/run")
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=docker
pids=()
cleanup() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  buildah_ umount --all > /dev/null 2>&1 || true
  rm -rf "$home" 2> /dev/null || { sleep 1; rm -rf "$home"; }
}
trap cleanup EXIT
die() { printf 'check: %s\n' "$*" >&2; exit 1; }
step() { printf '%s\n' "--- $*"; }
. deploy/look_alike.sh
buildah_() { buildah "${storage[@]}" "$@"; }
megabytes() { du -sm --apparent-size "$1" | cut -f 1; }

base_image() {
  timeout 60 buildah "${storage[@]}" pull -q "$base" > /dev/null 2>&1 && return
  tests/support/bare_root.sh build/bare-root.tar
  local container
  container=$(buildah_ from scratch)
  buildah_ add -q "$container" build/bare-root.tar / > /dev/null
  buildah_ commit -q --rm "$container" "$base" > /dev/null
}

image() {
  local from=()
  [ -z "$package" ] || from=(--build-context "package=$package")
  buildah_ bud -q --pull-never --layers=false "${from[@]}" -f deploy/docker/Dockerfile -t postern .
}

# What the image says of itself.
judge() {
  local inspected
  inspected=$(buildah_ inspect --type image postern)
  /usr/bin/python3 - "$inspected" << 'PYTHON'
import json, sys
image = json.loads(sys.argv[1])["Docker"]["config"]
assert image["Healthcheck"]["Test"] == ["CMD", "postern", "healthcheck"], image.get("Healthcheck")
assert image["Entrypoint"] == ["postern"] and image["Cmd"] == ["serve"], image
assert image["User"] not in ("", "0", "root"), image["User"]
assert {"title", "description"} <= {name.rsplit(".", 1)[-1] for name in image["Labels"]}, image["Labels"]
PYTHON
  local root base_root over
  root=$(buildah_ mount "$(buildah_ from --pull-never postern)")
  base_root=$(buildah_ mount "$(buildah_ from --pull-never "$base")")
  over=$(($(megabytes "$root") - $(megabytes "$base_root")))
  printf '%s MB over the base (%s in all)\n' "$over" "$(megabytes "$root")"
  [ "$over" -lt "$most_over_base" ] || die "the image is $over MB larger than its base: at most $most_over_base"
  [ "$(stat -c '%a %g' "$root/var/lib/postern")" = '770 0' ] || die 'a named volume would not be closed to others'
  mounted=$root
  cp /etc/hosts "$root/etc/hosts" # as an engine does
}

configure() { # writes $home/etc, which is mounted as /etc/postern
  mkdir -p "$home/etc" "$home/spool"
  smtp_port=$(free_port) http_port=$(free_port)
  write_ses_credentials "$home/etc"
  cp "$ses_ca" "$home/etc/ca.pem"
  cat > "$home/etc/postern.yml" << YAML
listen:
  smtp: [{ address: "127.0.0.1:$smtp_port", app: shop }]
  http: ["127.0.0.1:$http_port"]
upstream:
  region: eu-central-1
  host: localhost
  port: $ses_port
  tls_ca_file: ca.pem
  username_file: ses_user
  password_file: ses_password
domains: [{ name: example.com, verify: trusted }]
apps: [{ name: shop, domains: [example.com] }]
YAML
  chown -R "$user" "$home/etc" "$home/spool"
  chmod -R go-rwx "$home/etc" "$home/spool"
}

# As `docker run --read-only --user 23456:23456 --cap-drop ALL --security-opt no-new-privileges` would, without an engine.
confined() { (become_confined "$@"); } # COMMAND…
become_confined() {
  exec unshare --mount --propagation private sh -euc '
    root=$1 home=$2 uid=${3%:*} gid=${3#*:}; shift 3
    mount --bind "$root" "$root"
    for mounted in etc:etc/postern spool:var/lib/postern; do mount --bind "$home/${mounted%:*}" "$root/${mounted#*:}"; done
    mount -o remount,bind,ro "$root"; mount -o remount,bind,ro "$root/etc/postern"
    mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"
    exec chroot "$root" setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --inh-caps -all \
      --bounding-set -all "$@"' sh "$mounted" "$home" "$user" "$@"
}

start_postern() {
  become_confined postern serve 2> "$home/log" &
  relay=$!
  pids+=("$relay")
  local until=$((SECONDS + 30))
  until confined postern healthcheck > /dev/null 2>&1; do
    kill -0 "$relay" 2> /dev/null || die "the relay ended: $(cat "$home/log")"
    [ "$SECONDS" -lt "$until" ] || die "the relay is not ready: $(cat "$home/log")"
    sleep 0.1
  done
}

send_and_see() {
  local answer id until=$((SECONDS + 60))
  answer=$(/usr/bin/python3 deploy/quickstart_mail.py "$smtp_port" alice@example.net reset)
  id=$(sed -nE 's/^250 .*queued as ([0-9A-Z]+).*/\1/p' <<< "$answer")
  [ -n "$id" ] || die "not taken: $answer"
  until confined postern trace "$id" --json | grep -q '"event":"sent"'; do
    [ "$SECONDS" -lt "$until" ] || die "not sent: $(cat "$home/log")"
    sleep 0.1
  done
  grep -lqE '^DKIM-Signature:.* d=example.com' "$home"/ses/*.received.eml || die "SES has no signed mail: $(cat "$home/log")"
}

confined_indeed() {
  local status
  status=$(cat "/proc/$relay/status")
  for wanted in 'Uid:\s+23456\s' 'CapEff:\s+0+$' 'CapBnd:\s+0+$' 'NoNewPrivs:\s+1$'; do
    grep -qE "$wanted" <<< "$status" || die "the relay does not run as $wanted"
  done
  ! nsenter --target "$relay" --mount --root touch /written 2> /dev/null || die 'the root is not read-only'
}

step 'base image'; base_image
step 'image'; image
step 'what it says of itself'; judge
step 'a mail through it'
start_ses
configure
start_postern
confined_indeed
send_and_see
kill -TERM "$relay"
wait "$relay" || die "the relay ended with $? after SIGTERM: $(cat "$home/log")"
step 'good'
