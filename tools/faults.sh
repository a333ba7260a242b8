#!/bin/sh
# The faults, set-up included: `npm run test:faults -- [OPTION...]`; tests/faults/main.ts has the options.
set -eu
cd "${0%/*}/.."
root=.
assume_yes=yes
. tools/setup.sh

setup_missing run headless test
[ -z "$missing" ] || setup_install
exec "$bun" tests/faults/main.ts "$@"
