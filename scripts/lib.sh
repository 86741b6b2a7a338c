# Shared by the scripts: sourced, not run. POSIX sh.

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1; then sudo "$@"
    else die "root is needed for '$*'; install sudo or run as root"
    fi
}

# fr_need_packages PACKAGE...: installs those Debian packages that are missing.
fr_need_packages() {
    command -v dpkg-query >/dev/null 2>&1 || { say "not a Debian system: please have these installed: $*"; return 0; }
    missing=
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
    done
    [ -n "$missing" ] || return 0
    say "installing:$missing"
    as_root apt-get update -qq || die "apt-get update failed: are package sources reachable?"
    failed=$(mktemp)
    # shellcheck disable=SC2086
    { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o Dpkg::Use-Pty=0 --no-install-recommends $missing || echo yes >"$failed"; } | fr_progress
    is_failed=$(cat "$failed")
    rm -f "$failed"
    [ -z "$is_failed" ] || die "could not install:$missing"
}

BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libnghttp2-dev libuv1-dev libssl-dev libyaml-dev libjansson-dev libxml2-dev libsqlite3-dev libseccomp-dev uthash-dev systemtap-sdt-dev zlib1g-dev libbrotli-dev libzstd-dev"

# fr_build FOLDER [CMAKE OPTION...]: configures and builds quietly, tells all on failure.
# Lines of a tool that takes its time, from standard input: on a terminal one line that moves.
fr_progress() {
    [ -t 2 ] || { cat >/dev/null; return; }
    while IFS= read -r line; do
        printf '\r\033[K  %.70s' "$line" >&2
    done
    printf '\r\033[K' >&2
}

fr_build() {
    folder=$1; shift
    log=$folder/build.log
    mkdir -p "$folder"
    rm -f "$folder/build.done"
    if cmake -S "$root" -B "$folder" -G Ninja "$@" >"$log" 2>&1; then
        { ninja -C "$folder" 2>&1 && : >"$folder/build.done"; } | tee -a "$log" | fr_progress
    fi
    if [ -e "$folder/build.done" ]; then
        # warnings of our own code are never to be missed
        grep -E 'warning:' "$log" || :
    else
        cat "$log" >&2
        die "the build in $folder failed"
    fi
}
