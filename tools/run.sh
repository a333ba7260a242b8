#!/bin/sh
# A tool that needs what the tests need, set-up included: tools/run.sh FILE [OPTION...]; the head of FILE has its options.
set -eu
cd "${0%/*}/.."
root=.
assume_yes=yes
. tools/setup.sh

case $1 in
  bench/*) setup_missing run headless test bench ;;
  *) setup_missing run headless test ;;
esac
[ -z "$missing" ] || setup_install
exec "$bun" "$@"
