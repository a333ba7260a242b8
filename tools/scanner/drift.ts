/** How the committed tables differ from those just made. */

/** Lines shown for one file. */
const SHOWN_LINES = 6;

/** One paragraph for each file that differs; empty when all are equal. */
export function describeDrift(committed: ReadonlyMap<string, string>, fresh: ReadonlyMap<string, string>): string[] {
  const names = [...new Set([...committed.keys(), ...fresh.keys()])].sort();
  const found: string[] = [];
  for (const name of names) {
    const before = committed.get(name);
    const after = fresh.get(name);
    if (before === after) continue;
    if (before === undefined) found.push(`${name}: missing`);
    else if (after === undefined) found.push(`${name}: not in the packages (any more)`);
    else found.push([`${name}: differs`, ...changedLines(before, after)].join("\n"));
  }
  return found;
}

function changedLines(before: string, after: string): string[] {
  const old = before.split("\n");
  const now = after.split("\n");
  const lines = [
    ...old.filter((line) => !now.includes(line)).map((line) => `  committed: ${line.trim()}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `  packages:  ${line.trim()}`),
  ];
  if (lines.length <= SHOWN_LINES) return lines.length === 0 ? ["  order of lines"] : lines;
  return [...lines.slice(0, SHOWN_LINES), `  and ${lines.length - SHOWN_LINES} lines more`];
}
