#!/bin/sh
# The KVM in an emulated host, set-up included: `npm run test:kvm -- [OPTION...]`; tests/kvm/main.ts has the options.
set -eu
cd "${0%/*}/.."
root=.
assume_yes=yes
. tools/setup.sh

setup_missing run headless test
[ -z "$missing" ] || setup_install
exec "$bun" tests/kvm/main.ts "$@"
