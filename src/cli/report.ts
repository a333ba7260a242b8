/** How the command line speaks: errors in one grammar, tables, sizes and times. */
import { VitrineError } from "../base/error.ts";

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
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const right = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[\d.]+( \w+)?$|^-$/.test(row[column] ?? "")),
  );
  return [header, ...rows]
    .map((row) =>
      widths
        .map((width, column) => {
          const cell = row[column] ?? "";
          return right[column] === true ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
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
