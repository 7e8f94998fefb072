#!/usr/bin/env bash
# What a message costs: Postern, beside Postfix with OpenDKIM where they are installed, and the bare RSA-2048 signature.
# Needs root and the release build; prints a Markdown table (docs/benchmark.md says how to read it).
#   tests/bench/run.sh           under five minutes
#   tests/bench/run.sh --quick   300 messages: does it run at all; its figures mean nothing
#   --json                       JSON instead of the table
#   --repeat N                   each relay N times, in turns; medians
#   --build DIR                  the build to measure, default build/release
# Environment: TOTAL, messages of each closed loop (3000); WORK, where queues and logs go (build): its disk counts.
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,9s/^# *//p' "${BASH_SOURCE[0]}"; exit ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" = 0 ] || { echo 'bench: run it as root: it makes namespaces and a control group' >&2; exit 2; }
# A loopback, mounts and processes of its own: nothing is reached outside, and nothing outlives it.
exec unshare --mount --net --pid --fork --kill-child --mount-proc /usr/bin/python3 -B tests/bench/bench.py "$@"
