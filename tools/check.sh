#!/bin/sh
# Checks that need no machine and no compositor: types, format and lint, unused code, the rules of the tree, and that
# generated tables are what the protocol files say.
#
#   sh tools/check.sh
set -eu
cd "${0%/*}/.."
bun=node_modules/@oven/bun-linux-x64/bin/bun
failed=0

check() {
  name=$1
  shift
  if output=$("$@" 2>&1); then
    echo "ok    $name"
  else
    echo "FAIL  $name"
    printf '%s\n' "$output" | sed 's/^/      /'
    failed=1
  fi
}

# The tools are started by Bun, whatever Node the machine has: some of them want a newer one than Debian 12's.
check types "$bun" node_modules/typescript/bin/tsc -p .
check "format and lint" "$bun" node_modules/@biomejs/biome/bin/biome ci --error-on-warnings --colors=off --max-diagnostics=30
check "unused code" "$bun" node_modules/knip/bin/knip.js --no-progress --treat-config-hints-as-errors
check rules "$bun" tools/rules/main.ts
check "generated tables" "$bun" tools/scanner/main.ts check
for script in vitrine .ci/run tools/*.sh; do
  check "syntax of $script" sh -n "$script"
done
exit $failed
