#!/usr/bin/env bash
# Every test of the project, from a clean checkout of a bare Debian 12.
#   tests/run.sh          all of it; rates and repetitions sampled
#   tests/run.sh --fast   the inner loop: debug build, unit tests, a sample of the end-to-end tests
#   tests/run.sh --soak   all of it with the full figures (10 minutes a fuzz target, hundreds of kills): hours
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

mode=full
case ${1:-} in
  '') ;;
  --fast) mode=fast ;;
  --soak) mode=soak ;;
  *) sed -n '2,5s/^# *//p' "$0"; exit 2 ;;
esac
jobs=$(nproc)
logs=$PWD/build/logs
mkdir -p "$logs"
passed=0 failed=0 failures=()

# step NAME COMMAND…: runs it with its output in a file, which is shown when it fails.
step() {
  local name=$1 began=$SECONDS; shift
  printf '%-44s ' "$name"
  if "$@" > "$logs/${name// /-}.log" 2>&1; then
    passed=$((passed + 1)); printf 'ok (%d s)\n' $((SECONDS - began))
  else
    failed=$((failed + 1)); failures+=("$name"); printf 'FAILED (%d s)\n' $((SECONDS - began))
    tail -n 60 "$logs/${name// /-}.log" | sed 's/^/    /'
  fi
}
# must NAME COMMAND…: a step without which the others make no sense.
must() {
  local before=$failed
  step "$@"
  [ "$failed" = "$before" ] || finish
}
finish() {
  [ "$failed" = 0 ] || printf 'failed: %s (logs in build/logs)\n' "${failures[*]}"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
  exit
}

# beside NAME COMMAND…: starts what takes only as much of the processors as the steps meanwhile leave, one after the other.
declare -A besides
beside() {
  local name=$1 before=${latest-}; shift
  set -m  # a process group of its own, to be ended as one
  (
    [ -z "$before" ] || tail --pid="$before" -f /dev/null
    renice -n 19 "$BASHPID" > /dev/null && "$@"
  ) > "$logs/beside-${name// /-}.log" 2>&1 &
  set +m
  latest=$! besides[$name]=$!
}
# ended NAME: waits for it and says how it ended.
ended() {
  local outcome=0
  wait "${besides[$1]}" || outcome=$?
  unset "besides[$1]"
  cat "$logs/beside-${1// /-}.log"
  return "$outcome"
}
trap 'for group in "${besides[@]}"; do kill -- "-$group" 2> /dev/null; done' EXIT

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
  local wanted missing
  wanted=$(sed 's/#.*//' deploy/packages.txt | xargs)
  # nodejs and npm may come from elsewhere than Debian
  command -v node > /dev/null && command -v npm > /dev/null && wanted=$(tr ' ' '\n' <<< "$wanted" | grep -vxE 'nodejs|npm' | xargs)
  missing=$(for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || echo "$package"
  done)
  [ -z "$missing" ] && return 0
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -q && as_root apt-get install -y -q --no-install-recommends $missing
}

build() { # PRESET [TARGET…]
  local preset=$1; shift
  cmake --preset "$preset" -DBUILD_TESTING=ON && cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}
unit() { # PRESET [CTEST ARGUMENTS]
  local preset=$1; shift
  ctest --test-dir "build/$preset" --output-on-failure -j "$jobs" "$@"
}
sources() { git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp'; }
formatted() { sources | xargs clang-format-16 --dry-run -Werror; }
tidy() { # a library's files as one
  grep -oP '"file": "\K[^"]+' build/release/compile_commands.json | grep -E "^$PWD/(build/release/)?(mail|policy|dkim|relay)/" |
    xargs -P "$jobs" -n 1 clang-tidy-16 -p build/release --quiet --checks=-bugprone-suspicious-include
}
node_modules() { # exact versions stand in package.json
  local modules=tests/e2e/clients/node_modules
  [ -d $modules/nodemailer ] && [ -d $modules/fauxqs ] || npm install --prefix tests/e2e/clients --no-package-lock --no-audit --no-fund
}
fuzz_one() { # SECONDS TARGET
  local name
  name=$(basename "$2" _fuzz)
  mkdir -p "build/fuzz/found/$name"
  "$2" -max_total_time="$1" -timeout=20 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" \
    "build/fuzz/found/$name" "tests/fuzz/corpus/$name" 2>&1 | tail -n 20
  return "${PIPESTATUS[0]}"
}
export -f fuzz_one
fuzz() { # SECONDS A TARGET
  find build/fuzz/tests/fuzz -maxdepth 1 -name '*_fuzz' -type f -perm -u+x | sort > "$logs/fuzz-targets"
  [ -s "$logs/fuzz-targets" ] && xargs -P "$jobs" -I{} bash -c 'fuzz_one "$@"' _ "$1" {} < "$logs/fuzz-targets"
}
e2e() { # PRESET PYTEST ARGUMENTS…
  local preset=$1; shift
  POSTERN=$PWD/build/$preset/relay/app/postern PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 -m pytest -q -p no:cacheprovider -n 3 --dist loadfile "$@"  # most of them wait
}
image() { # with the package that has been built, to not compile it all again
  rm -rf build/package
  cpack --config build/release/CPackConfig.cmake -B build/package && deploy/docker/check.sh build/package
}
# What the sanitizers watch from outside: every step of the path, and each way it can break.
sanitized=(tests/e2e/test_clients_deliver.py tests/e2e/test_dialogues.py tests/e2e/test_refusals_say_what_to_do.py
  tests/e2e/test_upstream_breaks.py tests/e2e/test_upstream_ends_sessions.py tests/e2e/test_upstream_refuses.py
  tests/e2e/test_reload_is_all_or_nothing.py tests/e2e/test_stop_drains.py tests/e2e/test_kill_nine_under_load.py
  tests/e2e/test_operators_queue.py tests/e2e/test_upstream_holds_all.py tests/e2e/test_domains_are_proved.py
  tests/e2e/test_the_api_knows_who_asks.py tests/e2e/test_feedback_comes_home.py tests/e2e/test_sns_posts_are_verified.py
  tests/e2e/test_contacts_are_told.py tests/e2e/test_account_is_watched.py tests/e2e/test_doctor_names_the_mend.py)
# What watches the relay, against a real Prometheus.
watching=(tests/deploy/test_prometheus_watches.py tests/deploy/test_prometheus_rules.py tests/deploy/test_dashboards.py)
# The unit tests in which threads meet; in the others ThreadSanitizer has nothing to find.
threaded=(spool_tests crash_spool observe_tests http_tests net_tests delivery_tests domains_tests dns_tests spf_tests aws_tests
  feedback_tests notices_tests)
export TSAN_OPTIONS="suppressions=$PWD/tests/support/tsan.supp"

must 'packages' install_packages
must 'node modules' node_modules
if [ "$mode" = fast ]; then
  must 'build dev' build dev
  step 'unit tests (dev)' unit dev
  step 'format' formatted
  step 'simulator' e2e dev tests/ses_sim
  step 'end to end (sample)' e2e dev "${sanitized[@]}"
  finish
fi

must 'build release' build release packed bench_load bench_sink crash_spool depth_spool
step 'format' formatted
step 'a deep queue (release)' unit release -R depth_spool
beside 'clang-tidy' tidy
beside 'build asan' build asan
beside 'build tsan' build tsan postern "${threaded[@]}"
beside 'build fuzz' build fuzz fuzz_targets
step 'simulator' e2e release tests/ses_sim
[ "$mode" = soak ] && export POSTERN_SOAK=1
step 'end to end (release)' e2e release tests/support tests/e2e --ignore tests/e2e/test_fair_shares.py
step 'dashboards and rules (release)' e2e release "${watching[@]}"
step 'quickstart' deploy/quickstart.sh --once
step 'deploy artefacts' e2e release tests/deploy --ignore-glob 'tests/deploy/test_deb_*' "${watching[@]/#/--ignore=}"
if unshare --mount --pid --net --fork --mount-proc true 2> /dev/null; then
  step 'package on a bare machine' e2e release tests/deploy/test_deb_as_a_new_user.py tests/deploy/test_deb_on_a_bare_machine.py -n 0
  step 'image' image
  [ "$mode" = soak ] && step 'image, compiled in it' deploy/docker/check.sh
else
  echo 'package on a bare machine, image: left out, because this machine may make no namespaces'
fi
step 'every crash point (release)' build/release/tests/crash/crash_spool
step 'clang-tidy' ended 'clang-tidy'
must 'build asan' ended 'build asan'
step 'unit tests (asan)' unit asan
step 'end to end (asan)' e2e asan "${sanitized[@]}"
must 'build tsan' ended 'build tsan'
step 'unit tests (tsan)' unit tsan -R "^($(IFS='|'; echo "${threaded[*]}"))\$"
step 'end to end (tsan)' e2e tsan "${sanitized[@]}"
must 'build fuzz' ended 'build fuzz'
step 'fair shares (release)' e2e release tests/e2e/test_fair_shares.py -n 0  # they measure times
[ "$mode" = soak ] && step 'a million queued (release)' build/release/tests/crash/depth_spool 1000000
step 'fuzzing' fuzz "$([ "$mode" = soak ] && echo 600 || echo 10)"
finish
