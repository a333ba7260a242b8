/** Versions of Debian packages: "[epoch:]upstream[-revision]". Specification: Debian Policy Manual, 5.6.12. */

/** Below zero when `a` is older than `b`, zero when they are equal, above zero when it is newer. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** The makers' version, as people know it: "1:48.1-2+b1" is 48.1, "2.6+dfsg1-3" is 2.6. */
export function upstreamVersion(version: string): string {
  const { upstream } = split(version);
  return upstream.replace(/[+~](?:dfsg|ds|repack|really).*$/, "") || upstream;
}

function split(version: string): { epoch: number; upstream: string; revision: string } {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number.parseInt(version.slice(0, colon), 10) || 0,
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** Runs of non-digits and of digits in turn; the former by {@link weight}, the latter as numbers. */
function compareParts(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const [left, right] = [digits(a, i), digits(b, j)];
    i += left.length;
    j += right.length;
    // Numbers may be longer than a double holds: without leading zeros the longer one is the greater one.
    const [x, y] = [left.replace(/^0+/, ""), right.replace(/^0+/, "")];
    if (x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** "~" before the end, the end (and digits) before letters, letters before all else. */
function weight(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (index >= text.length || isDigit(text, index)) return 0;
  if (text[index] === "~") return -1;
  return /[A-Za-z]/.test(text[index] ?? "") ? code : code + 256;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 48 && code <= 57;
}

function digits(text: string, from: number): string {
  let end = from;
  while (end < text.length && isDigit(text, end)) end++;
  return text.slice(from, end);
}
