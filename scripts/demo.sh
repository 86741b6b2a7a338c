#!/bin/sh
# Builds Forerun and shows its main job; installs what is missing for that.
# Arguments go to 'forerun demo' (see its --help), e.g. --once.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/lib.sh"

case ${1-} in
-h) set -- --help ;;
esac
# shellcheck disable=SC2086
fr_need_packages $BUILD_PACKAGES
say "building"
fr_build "$root/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DFR_LTO=ON -DBUILD_TESTING=OFF
exec "$root/build/forerun" demo "$@"
