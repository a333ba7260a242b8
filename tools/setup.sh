#!/bin/sh
# Installs what Vitrine needs on Debian 12 and 13: system packages, and npm packages below node_modules/.
#
#   sh tools/setup.sh [--yes] [GROUP...]      GROUP: run and catalog (always included), headless, test, bench
#
# ./vitrine and tools/test.sh read this file for its functions. They start no process unless something is missing.
set -eu

# What each group needs, as PACKAGE=PROOF: a command, or a file or folder, that is there when the package is.
packages_run='
  qemu-system-x86=qemu-system-x86_64
  mmdebstrap=mmdebstrap
  uidmap=newuidmap
  debian-archive-keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  erofs-utils=mkfs.erofs
  e2fsprogs=mke2fs
  kmod=depmod
  bubblewrap=bwrap
  zstd=zstd
  xz-utils=xz
'
packages_catalog='
  gpgv=gpgv
  debian-archive-keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  xz-utils=xz
'
packages_headless='
  sway=sway
  grim=grim
  wtype=wtype
'
packages_test='
  busybox-static=/usr/share/doc/busybox-static
  cpio=cpio
  weston=weston
  mutter=mutter
  dbus-daemon=dbus-run-session
  wayland-utils=wayland-info
  foot=foot
  wl-clipboard=wl-copy
  gpg=gpg
  gpg-agent=gpg-agent
  desktop-file-utils=desktop-file-validate
  python3=python3
  xwayland=Xwayland
  xterm=xterm
  tk=wish
  x11-utils=xprop
  xclip=xclip
  fonts-dejavu-core=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf
'
packages_bench='
  waypipe=waypipe
'

# The program that everything runs in, relative to the root of the tree.
bun=node_modules/@oven/bun-linux-x64/bin/bun

# True when $1, a PROOF, is there. Administrators' commands count even when their folder is not in PATH.
setup_has() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
  esac
}

# Sets missing to the system packages of the GROUPs that are not installed, and to "npm" when npm packages are not.
setup_missing() {
  missing=
  for group in "$@"; do
    case $group in
      run) list=$packages_run ;;
      catalog) list=$packages_catalog ;;
      headless) list=$packages_headless ;;
      test) list=$packages_test ;;
      bench) list=$packages_bench ;;
      *)
        echo "vitrine: Cannot set up \"$group\": want one of run, catalog, headless, test, bench" >&2
        exit 64
        ;;
    esac
    for entry in $list; do
      setup_has "${entry#*=}" || missing="$missing ${entry%%=*}"
    done
    [ "$group" != test ] || [ -d "$root/node_modules/typescript" ] || missing="$missing npm+dev"
  done
  # A link leads to packages that somebody else looks after: npm would empty the folder behind it.
  [ ! -h "$root/node_modules" ] || return 0
  # npm writes this file last; package-lock.json is newer when the tree was updated since.
  installed=$root/node_modules/.package-lock.json
  if [ ! -x "$root/$bun" ] || [ ! -f "$installed" ] || [ "$root/package-lock.json" -nt "$installed" ]; then
    case $missing in
      *npm+dev*) ;;
      # What tests and checks need stays where it was.
      *) if [ -d "$root/node_modules/typescript" ]; then missing="$missing npm+dev"; else missing="$missing npm"; fi ;;
    esac
  fi
}

# Installs what setup_missing found, after asking when there is somebody to ask. Returns non-zero when it may not or fails.
setup_install() {
  system=
  npm=
  for name in $missing; do
    case $name in
      npm | npm+dev) npm=$name ;;
      *) system="$system $name" ;;
    esac
  done
  # npm needs Node only now; what runs later is Bun, which is among the packages.
  [ -z "$npm" ] || command -v npm >/dev/null || system="$system nodejs npm"

  {
    echo "Vitrine needs to install:"
    [ -z "$system" ] || echo "  system packages:$system"
    [ -z "$npm" ] || echo "  npm packages into $root/node_modules (about 150 MB)"
  } >&2
  if [ "${assume_yes:-}" != yes ] && [ -t 0 ]; then
    printf 'Go on? [Y/n] ' >&2
    read -r answer
    case $answer in
      "" | [Yy]*) ;;
      *)
        echo "vitrine: nothing was installed" >&2
        return 130
        ;;
    esac
  fi

  [ -z "$system" ] || setup_system_packages $system || return 69
  [ -z "$npm" ] || setup_npm_packages "$npm" || return 69
}

setup_system_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "vitrine: Cannot install$system: no apt-get here" >&2
    echo "  fix: install what these Debian packages hold with this system's own package manager" >&2
    return 1
  fi
  as_root=
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "vitrine: Cannot install$system: only root may, and there is no sudo here" >&2
      echo "  fix: as root, apt-get install$system" >&2
      return 1
    fi
    as_root=sudo
  fi
  apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300"
  $apt update >&2 && $apt install -y --no-install-recommends "$@" >&2
}

setup_npm_packages() {
  if [ "$1" = npm+dev ]; then omit=; else omit=--omit=dev; fi
  # Scripts of packages are not run: none of ours has any that is needed. What npm warns of is its own Node, which runs
  # nothing of ours.
  (cd "$root" && npm ci --ignore-scripts --no-progress --loglevel=error $omit >&2)
}

# The command: `vitrine setup [--yes] [GROUP...]`.
setup_main() {
  groups="run catalog"
  timer=
  for argument in "$@"; do
    case $argument in
      --yes) assume_yes=yes ;;
      --timer | --no-timer) timer=$argument ;;
      --help | -h)
        echo "USAGE"
        echo "  vitrine setup [--yes] [--timer|--no-timer] [headless] [test] [bench]"
        echo
        echo "Installs what Vitrine needs: Debian packages through apt-get (with sudo when not root), npm packages"
        echo "into its own folder. Asks first, unless --yes is given or there is no terminal."
        echo
        echo "  --timer    have all apps updated once a day, by a timer of systemd's user instance; --no-timer ends that"
        echo "  headless   also what \`vitrine demo\` needs where no desktop runs"
        echo "  test       also what \`npm test\` needs"
        echo "  bench      also what the benchmarks compare with"
        return 0
        ;;
      *) groups="$groups $argument" ;;
    esac
  done
  setup_missing $groups
  if [ -z "$missing" ]; then
    echo "vitrine: everything is installed"
  else
    setup_install || exit
  fi
}

case ${0##*/} in
  setup.sh)
    root=$(cd "${0%/*}/.." && pwd)
    setup_main "$@"
    ;;
esac
