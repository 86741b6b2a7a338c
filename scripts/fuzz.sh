#!/bin/sh
# Fuzzes with AddressSanitizer and UndefinedBehaviorSanitizer, one target after
# the other, and stops at the first report: exit code 1, the input beside the
# corpora. Needs clang.
#
#   scripts/fuzz.sh [MINUTES] [TARGET...]
#
# MINUTES for each target, 5 by default. TARGET: a name in tests/fuzz without
# "fuzz_"; by default those of the whole server: server_h2 server_h1 server_origin.
# 'all' is every target. What is found out is kept in build-fuzz/corpus.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/lib.sh"
cd "$root"
build=$root/build-fuzz
minutes=5
case ${1-} in
-h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
[0-9]*) minutes=$1; shift ;;
esac
case $minutes in *[!0-9]* | '') die "not a number of minutes: $minutes" ;; esac
[ $# -gt 0 ] || set -- server_h2 server_h1 server_origin
[ "$*" != all ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
for target; do
    [ -f "tests/fuzz/fuzz_$target.c" ] || die "no fuzz target of that name: $target"
done

# shellcheck disable=SC2086
fr_need_packages $BUILD_PACKAGES clang
say "building with libFuzzer and the sanitizers"
mkdir -p "$build"
CC=clang cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DFR_FUZZ=ON \
    -DFR_SANITIZE=ON -DBUILD_TESTING=OFF >"$build/build.log" || { cat "$build/build.log"; exit 1; }
for target; do
    ninja -C "$build" "fuzz_$target" >"$build/build.log" || { cat "$build/build.log"; exit 1; }
done

# The seeds are replayed and never written to. A run is slow while it learns: -timeout is far off.
fuzz() {
    corpus=$build/corpus/$1
    found=$build/found/$1-
    mkdir -p "$corpus" "$build/found"
    say "fuzz_$1 for $minutes minutes (log: $build/fuzz_$1.log)"
    "$build/tests/fuzz/fuzz_$1" -max_total_time=$((minutes * 60)) -max_len=800 -len_control=0 \
        -timeout=30 -rss_limit_mb=4096 -entropic=0 -print_final_stats=1 -artifact_prefix="$found" \
        "$corpus" "tests/fuzz/corpus/$1" >"$build/fuzz_$1.log" 2>&1 &
    pid=$!
    trap 'kill $pid' INT TERM
    while sleep 10 && kill -0 $pid 2>/dev/null; do
        grep '^#' "$build/fuzz_$1.log" | tail -n 1 | cut -c1-100
    done
    wait $pid || {
        tail -n 60 "$build/fuzz_$1.log"
        die "fuzz_$1: a report; its input: $found*"
    }
    trap - INT TERM
    grep '^Done' "$build/fuzz_$1.log"
}

for target; do
    fuzz "$target"
done
say "no report"
