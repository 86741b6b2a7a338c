#!/bin/sh
# Installs what the tests need and runs them all: checks of the source, unit
# tests and fuzz corpora (gcc with sanitizers, clang), clang-tidy, end-to-end
# tests (AddressSanitizer and UBSan; some again with ThreadSanitizer), the
# browser test, real sites behind the edge, and, as root, tests over emulated links.
#
#   scripts/test.sh                everything
#   scripts/test.sh NAME           one unit test (test_link, or link), one end-to-end file
#                                  (links), or 'checks', 'tidy', 'browser', 'sites', 'races', 'soak', 'net'
#   scripts/test.sh NAME 'CASE'    only the cases of it whose name contains CASE
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/lib.sh"
cd "$root"
san=$root/build-asan
plain=$root/build-clang
tsan=$root/build-tsan

TEST_PACKAGES="git clang clang-format clang-tidy libclang-rt-14-dev libcmocka-dev nghttp2-client curl openssl python3 iproute2 prometheus"
# what the browser of the npm package links with, and a browser of today
BROWSER_PACKAGES="libnss3 fontconfig fonts-dejavu-core chromium"

# PHP before WordPress: it would bring Apache's otherwise
SITE_PACKAGES="nginx python3-django gunicorn php8.2 php8.2-fpm php8.2-mysql mariadb-server-core wordpress wordpress-theme-twentytwentyone"

need_node() {
    if ! command -v node >/dev/null 2>&1 || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 18 ]; then
        fr_need_packages nodejs npm
    fi
    command -v npm >/dev/null 2>&1 || fr_need_packages npm
}

install_all() {
    # shellcheck disable=SC2086
    fr_need_packages $BUILD_PACKAGES $TEST_PACKAGES $BROWSER_PACKAGES
    need_node
}

checks() {
    say "checks of the source"
    python3 scripts/check-source.py "$san"
    git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

build_san() { fr_build "$san" -DCMAKE_BUILD_TYPE=Debug -DFR_SANITIZE=ON -DFR_WERROR=ON; }
build_plain() { CC=clang fr_build "$plain" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DFR_WERROR=ON; }

# build_only TARGET: nothing else is built.
build_only() {
    [ -f "$san/build.ninja" ] || cmake -S "$root" -B "$san" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
        -DFR_SANITIZE=ON -DFR_WERROR=ON >/dev/null
    ninja -C "$san" --quiet "$1"
}

# one_unit test_NAME [CASE]: builds and runs one program; CASE may be written with spaces.
one_unit() {
    build_only "$1"
    out=$("$san/tests/unit/$1" "*$(printf %s "${2-}" | tr ' ' '_')*" 2>&1) && ok=1 || ok=0
    printf '%s\n' "$out"
    case $out in *"Running 0 test"*) die "$1 has no case '$2'" ;; esac
    [ "$ok" = 1 ]
}

unit() {
    say "unit tests and fuzz corpora: $1"
    ctest --test-dir "$2" --output-on-failure -j2 --no-tests=error ${3:+-R "$3"}
}

tidy() {
    say "clang-tidy"
    git ls-files 'src/*.c' 'lab/*.c' | xargs -P2 -n8 clang-tidy -p "$plain" --quiet --warnings-as-errors='*' 2>/dev/null
}

races() {
    say "data races: cache, hint memory and its database, assets, access log, end-to-end tests"
    fr_build "$tsan" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DFR_TSAN=ON -DBUILD_TESTING=ON
    TSAN_OPTIONS=halt_on_error=1 ctest --test-dir "$tsan" --output-on-failure --no-tests=error -R '^test_(cache|memory|learned_|assets|access_)'
    FR_BIN=$tsan/forerun TSAN_OPTIONS=halt_on_error=1 node --test \
        tests/e2e/access-log.test.mjs tests/e2e/observe.test.mjs tests/e2e/basics.test.mjs tests/e2e/cache.test.mjs tests/e2e/hints.test.mjs tests/e2e/links.test.mjs tests/e2e/operation.test.mjs
}

# the long one is a command of its own: see CONTRIBUTING.md
soak() {
    say "a short soak"
    FR_BIN=$san/forerun FR_SOAK_MINUTES=0.3 node tests/soak/soak.mjs >"$san/soak.log" || { cat "$san/soak.log"; die "the soak found faults"; }
}

e2e() {
    say "end-to-end tests"
    FR_BIN=$san/forerun node --test "$@"
}

# In a namespace of its own each: needs root. Where that is there, nothing skips.
net() {
    if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ] || ! ip netns add "fr-probe-$$" 2>/dev/null; then
        say "skipped: emulated links (net): needs root, network namespaces and /dev/net/tun"
        return 0
    fi
    ip netns del "fr-probe-$$"
    say "emulated links"
    FR_BIN=$san/forerun node --test tests/net/*.test.mjs
}

browser() {
    say "browser tests"
    [ -d tests/browser/node_modules/playwright-core ] || npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --loglevel=error
    FR_BIN=$san/forerun node --test tests/browser/*.test.mjs
}

sites() {
    say "real sites"
    # shellcheck disable=SC2086
    fr_need_packages $SITE_PACKAGES
    FR_BIN=$san/forerun node tests/sites/run.mjs "$@"
}

case ${1-} in
'')
    install_all
    say "building with gcc and the sanitizers, and with clang"
    build_san
    checks
    build_plain
    tidy
    unit clang "$plain"
    unit "gcc, sanitizers" "$san"
    browser
    sites --short
    races
    soak
    e2e tests/e2e/*.test.mjs
    net
    ;;
checks) build_san; checks ;;
tidy) build_plain; tidy ;;
browser) install_all; build_san; browser ;;
sites) need_node; build_only forerun; shift; sites "$@" ;;
races) races ;;
soak) build_san; soak ;;
net) install_all; build_san; net ;;
fuzz_*) build_san; unit "gcc, sanitizers" "$san" "^$1" ;;
*)
    if [ -f "tests/e2e/$1.test.mjs" ]; then
        build_only forerun
        e2e ${2:+--test-name-pattern "$2"} "tests/e2e/$1.test.mjs"
    elif ls tests/unit/*/"test_${1#test_}.c" >/dev/null 2>&1; then
        one_unit "test_${1#test_}" "${2-}"
    else
        die "no test of that name: $1"
    fi
    ;;
esac
