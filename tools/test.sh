#!/bin/sh
# Everything that can be tested, set-up included: `npm test`. Ends with the line "N passed, N failed".
#
#   1. what is missing is installed     2. static checks          3. unit tests
#   4. display tests: both halves without a virtual machine       5. tests in virtual machines
set -eu
cd "${0%/*}/.."
root=.
assume_yes=yes
. tools/setup.sh

passed=0
failed=0
began=$(date +%s)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# phase NAME COMMAND...: runs it, tells how long it took, counts a failure when it fails.
phase() {
  name=$1
  shift
  printf '\n== %s\n' "$name"
  start=$(date +%s)
  "$@" || {
    echo "$name failed" >&2
    failed=$((failed + 1))
  }
  echo "== $name: $(($(date +%s) - start)) s"
}

# tests NAME PATH...: the same for a run of bun test, whose own counts are added up.
tests() {
  name=$1
  shift
  printf '\n== %s\n' "$name"
  start=$(date +%s)
  { "$bun" test "$@" 2>&1 && echo "exit 0" || echo "exit $?"; } | tee "$log" | grep -v '^(pass)'
  count_pass=$(sed -n 's/^ *\([0-9][0-9]*\) pass$/\1/p' "$log" | tail -n 1)
  count_fail=$(sed -n 's/^ *\([0-9][0-9]*\) fail$/\1/p' "$log" | tail -n 1)
  passed=$((passed + ${count_pass:-0}))
  failed=$((failed + ${count_fail:-0}))
  # A run that broke off, or found nothing to run, must not pass for a good one.
  if ! grep -q '^exit 0$' "$log" || [ "${count_pass:-0}" = 0 ]; then
    [ "${count_fail:-0}" != 0 ] || failed=$((failed + 1))
  fi
  echo "== $name: ${count_pass:-0} passed, ${count_fail:-0} failed, $(($(date +%s) - start)) s"
}

setup_missing run catalog headless test
[ -z "$missing" ] || phase "set-up" setup_install
phase "checks" sh tools/check.sh
unit=$(find ./src ./tools -name '*.test.ts' ! -name '*.vm.test.ts')
tests "unit tests" $unit
tests "display tests" $(find ./tests/display -name '*.test.ts')
tests "tests in virtual machines" --timeout 300000 $(find ./src ./tests -name '*.vm.test.ts')

printf '\nall of it: %s s\n' "$(($(date +%s) - began))"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
