/** How the command line speaks: errors in one grammar, tables, sizes and times. */
import { VitrineError } from "../../base/error.ts";

/** "vitrine: what failed", and "  fix: what mends it" below. Defects show where they come from. */
export function formatError(error: unknown): string {
  const { code, message, fix, cause } = VitrineError.from(error);
  const lines = [`vitrine: ${message}`];
  if (fix !== undefined) lines.push(`  fix: ${fix}`);
  if (code === "internal" && cause instanceof Error && cause.stack !== undefined) lines.push(cause.stack);
  return lines.join("\n");
}

/** Rows under a header, columns as wide as they must be; numbers to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  const right = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[\d.]+( \w+)?$|^-$/.test(row[column] ?? "")),
  );
  return [header, ...rows]
    .map((row) =>
      widths
        .map((width, column) => {
          const cell = row[column] ?? "";
          const blanks = " ".repeat(width - widthOf(cell));
          return right[column] === true ? blanks + cell : cell + blanks;
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Columns of a terminal that `text` takes: two for each wide character, none for a combining one. */
function widthOf(text: string): number {
  return Bun.stringWidth(text);
}

/** `text`, or its beginning and an ellipsis, in at most `columns` columns of a terminal. */
export function cutToWidth(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let cut = "";
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return `${cut.trimEnd()}…`;
}

/** `text` in lines of at most `columns`, broken at blanks; its own line ends stay, `indent` is put before each line. */
export function wrap(text: string, columns: number, indent = ""): string {
  return text
    .split("\n")
    .map((line) => wrapLine(line, columns - indent.length, indent))
    .join("\n");
}

function wrapLine(line: string, columns: number, indent: string): string {
  const hanging = line.startsWith("• ") ? "  " : "";
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current !== "" && widthOf(longer) > columns) {
      lines.push(current);
      current = hanging + word;
    } else current = longer;
  }
  return [...lines, current].map((text) => (text === "" ? "" : indent + text)).join("\n");
}

/** "512 KB", "23 MB", "1.4 GB". */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`;
  return `${Math.round(bytes / 1e3)} KB`;
}

/** "5 s", "12 min", "3 h", "2 d". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const UNITS: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Bytes, of "16G" or "1.5 GB", in whole steps of `step`; units as {@link formatBytes} has them. Throws for other text. */
export function parseBytes(text: string, step: number): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT])B?$/i.exec(text) ?? [];
  if (number === undefined || unit === undefined) {
    throw new VitrineError("invalid-argument", `Cannot use size "${text}": a number with K, M, G or T is wanted`);
  }
  return Math.round((Number(number) * (UNITS[unit.toUpperCase()] ?? 1)) / step) * step;
}

/** "1 package", "2 packages". */
export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
