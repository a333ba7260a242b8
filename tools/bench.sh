#!/bin/sh
# Vitrine beside its peers, set-up included: `npm run bench -- [OPTION...]`; bench/main.ts has the options.
set -eu
cd "${0%/*}/.."
root=.
assume_yes=yes
. tools/setup.sh

setup_missing run headless test bench
[ -z "$missing" ] || setup_install
exec "$bun" bench/main.ts "$@"
