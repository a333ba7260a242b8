#!/bin/sh
# Compositors that tell of every wrong step in memory: weston whole, and under the machine's own sway its libraries
# (wlroots, libwayland), from Debian's sources, with AddressSanitizer and UndefinedBehaviorSanitizer. Nothing is installed
# on the machine: it is all built in a root of its own, which is thrown away.
#
#   sh tools/asan-compositors.sh [FOLDER]      FOLDER: where they go, build/asan unless given; 300 MB, some minutes
#
# Then set VITRINE_TEST_SWAY=FOLDER/sway and VITRINE_TEST_WESTON=FOLDER/weston for tests and fuzzer. A wrong step in memory
# ends the compositor; what it was, and what else was wrong, is in FOLDER/reports.
set -eu
cd "${0%/*}/.."
out=$(mkdir -p "${1:-build/asan}" && cd "${1:-build/asan}" && pwd)
bun=node_modules/@oven/bun-linux-x64/bin/bun

# The archive and release of this machine: sway comes from there, and must fit.
mirror=$("$bun" -e 'console.log((await import("./src/host/image/archive-source.ts")).archiveAddress())')
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

recipe=$(mktemp)
trap 'rm -f "$recipe"' EXIT
cat > "$recipe" <<'RECIPE'
set -eu
out=$1
export DEBIAN_FRONTEND=noninteractive CFLAGS="-O1 -g -fno-omit-frame-pointer" PKG_CONFIG_PATH="$out/lib/pkgconfig"
mkdir -p /source "$out"
cd /source
apt-get update -q
apt-get build-dep -q -y --no-install-recommends --arch-only wayland wlroots weston
apt-get source -q --only-source wayland wlroots weston

# build SOURCE OPTION...: the one folder of that source, into $out
build() {
  cd /source/"$1"-[0-9]*/
  shift
  meson setup sanitized --prefix="$out" --libdir=lib --buildtype=plain -Dwerror=false \
    -Db_sanitize=address,undefined -Db_lundef=false "$@"
  ninja -C sanitized install
}
build wayland -Ddocumentation=false -Dtests=false -Dscanner=false -Ddtd_validation=false
build wlroots -Dexamples=false
build weston -Dbackend-default=headless -Drenderer-gl=false -Dxwayland=false -Dsystemd=false -Dremoting=false \
  -Dpipewire=false -Dcolor-management-lcms=false -Dcolor-management-colord=false -Dlauncher-libseat=false \
  -Dbackend-drm=false -Dbackend-drm-screencast-vaapi=false -Dbackend-rdp=false -Dbackend-wayland=false \
  -Dbackend-x11=false -Ddemo-clients=false -Dsimple-clients= -Dtools= -Dtest-junit-xml=false -Dwcap-decode=false \
  -Dshell-ivi=false -Dimage-jpeg=false -Dimage-webp=false
cp -L "$(gcc -print-file-name=libasan.so)" "$out/lib/libasan.so"
cp -L "$(gcc -print-file-name=libubsan.so)" "$out/lib/libubsan.so.1"
RECIPE

mmdebstrap --variant=buildd --include=meson,ninja-build,pkgconf,build-essential,ca-certificates \
  --customize-hook="upload '$recipe' /recipe" \
  --customize-hook="chroot \"\$1\" sh /recipe '$out'" \
  --customize-hook="sync-out '$out' '$out'" \
  "$release" /dev/null "deb $mirror $release main" "deb-src $mirror $release main"

# Compositors run as another user when the tests run as root.
mkdir -p "$out/reports"
chmod 1777 "$out/reports"
# program NAME COMMAND: a script that starts it with the sanitizers' settings
program() {
  cat > "$out/$1" <<SCRIPT
#!/bin/sh
export LD_LIBRARY_PATH="$out/lib" LD_PRELOAD="$out/lib/libasan.so"
# Leaks at the end are those of programs that do not tidy up; one table of messages is in two libraries.
export ASAN_OPTIONS="log_path=$out/reports/$1:detect_leaks=0:detect_odr_violation=0:abort_on_error=1"
export UBSAN_OPTIONS="print_stacktrace=1"
# What is undefined but not wrong in memory is only told here.
exec $2 "\$@" 2>> "$out/reports/$1.log"
SCRIPT
  chmod 755 "$out/$1"
}
program sway sway
program weston "$out/bin/weston"
echo "VITRINE_TEST_SWAY=$out/sway VITRINE_TEST_WESTON=$out/weston"
