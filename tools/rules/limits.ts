/**
 * Every bound that the product enforces stands in docs/LIMITS.md, with its value and reason as the source has them. The
 * table there is made from the source: `bun tools/rules/main.ts --write-limits`.
 */
import { isTest, isTypeScript, type Rule, type SourceFile } from "./rule.ts";

const LIMITS_DOCUMENT = "docs/LIMITS.md";
const BEGIN = "<!-- limits: made by `bun tools/rules/main.ts --write-limits` -->";
const END = "<!-- end of limits -->";

/** What names a bound: a maximum or minimum, a size in bytes, a time, a number of things. */
const LIMIT_NAME = /^(?:MAX|MIN)_|_(?:BYTES|MS|SECONDS|DEADLINE|CHARS|LINES|ENTRIES|LIMIT)$/;
const DECLARATION = /^export const ([A-Z][A-Z0-9_]*)(?:: [^=]+)? = ([^;]+);/;

interface Limit {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
  readonly path: string;
}

/** The exported bounds of product code. Neighbouring lines without a comment of their own share the one above. */
export function collectLimits(files: readonly SourceFile[]): Limit[] {
  return files
    .filter((file) => file.path.startsWith("src/") && isTypeScript(file) && !isTest(file.path))
    .flatMap((file) => {
      const limits: Limit[] = [];
      let reason = "";
      for (const line of joinComments(file.text)) {
        if (line.startsWith("/**")) reason = commentText(line);
        const [, name, value] = DECLARATION.exec(line) ?? [];
        if (name !== undefined && value !== undefined) {
          if (LIMIT_NAME.test(name)) limits.push({ name, value, reason, path: file.path });
        } else if (!line.startsWith("/**")) reason = "";
      }
      return limits;
    });
}

/** The document with the table between its two markers made anew. */
export function renderLimits(document: string, limits: readonly Limit[]): string {
  const byFolder = Map.groupBy(limits, (limit) => limit.path);
  const sections = [...byFolder].map(([path, group]) => {
    const rows = group.map(
      (limit) => `| \`${limit.name}\` | \`${limit.value}\` | ${limit.reason.replaceAll("|", "\\|")} |`,
    );
    return [`### ${path}`, "", "| name | value | meaning |", "|---|---|---|", ...rows, ""].join("\n");
  });
  const start = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  const table = `${BEGIN}\n\n${sections.join("\n")}\n${END}`;
  if (start < 0 || end < start) return `${document.trimEnd()}\n\n${table}\n`;
  return document.slice(0, start) + table + document.slice(end + END.length);
}

/** The table of docs/LIMITS.md is what the source says, and every bound says what it is for. */
export const limitRule: Rule = (files) => {
  const limits = collectLimits(files);
  const silent = limits
    .filter((limit) => limit.reason === "")
    .map((limit) => ({ path: limit.path, message: `the bound ${limit.name} has no comment: say its unit and reason` }));
  const document = files.find((file) => file.path === LIMITS_DOCUMENT);
  if (document === undefined) return [...silent, { path: LIMITS_DOCUMENT, message: "is missing" }];
  if (renderLimits(document.text, limits) === document.text) return silent;
  const missing = limits.filter((limit) => !document.text.includes(`\`${limit.name}\` | \`${limit.value}\``));
  const names = missing.map((limit) => limit.name).join(", ") || "a row that is no longer true";
  return [
    ...silent,
    { path: LIMITS_DOCUMENT, message: `differs from the source (${names}): bun tools/rules/main.ts --write-limits` },
  ];
};

/** Lines of `text`, with each documentation comment drawn into one. */
function joinComments(text: string): string[] {
  return text.replace(/^\/\*\*[\s\S]*?\*\//gm, (comment) => comment.replaceAll("\n", " ")).split("\n");
}

function commentText(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .replace(/(^|\s)\*(?=\s|$)/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
