#!/bin/sh
# The fuzzer of the display, set-up included: `npm run fuzz -- [OPTION...]`; tests/fuzz/main.ts has the options.
set -eu
cd "${0%/*}/.."
root=.
assume_yes=yes
. tools/setup.sh

setup_missing run headless test
[ -z "$missing" ] || setup_install
exec "$bun" tests/fuzz/main.ts "$@"
