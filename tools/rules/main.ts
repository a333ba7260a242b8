/** Checks the rules of the tree: `bun tools/rules/main.ts`. With --write-limits it rewrites the table of docs/LIMITS.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importRule } from "./imports.ts";
import { lengthRule } from "./length.ts";
import { collectLimits, limitRule, renderLimits } from "./limits.ts";
import { linkRule } from "./links.ts";
import { randomRule } from "./random.ts";
import type { Rule } from "./rule.ts";
import { readTree } from "./source-files.ts";
import { hostNameRule, machinePathRule, openEndRule } from "./words.ts";

const RULES: Readonly<Record<string, Rule>> = {
  imports: importRule,
  "host names": hostNameRule,
  "machine paths": machinePathRule,
  "open ends": openEndRule,
  "file length": lengthRule,
  limits: limitRule,
  links: linkRule,
  randomness: randomRule,
};

const root = join(import.meta.dirname, "../..");
// The test of the rules is made of planted violations.
const files = readTree(root).filter((file) => file.path !== "tools/rules/rules.test.ts");

if (process.argv.includes("--write-limits")) {
  const path = join(root, "docs/LIMITS.md");
  const document = existsSync(path) ? readFileSync(path, "utf8") : "# Limits\n";
  writeFileSync(path, renderLimits(document, collectLimits(files)));
} else {
  let count = 0;
  for (const [name, rule] of Object.entries(RULES)) {
    for (const { path, line, message } of rule(files)) {
      console.error(`${path}${line === undefined ? "" : `:${line}`}: ${name}: ${message}`);
      count++;
    }
  }
  console.log(`rules: ${Object.keys(RULES).length} rules, ${files.length} files, ${count} violations`);
  // A walk that finds nothing to check would pass every rule.
  process.exitCode = count === 0 && files.some((file) => file.path === "src/base/error.ts") ? 0 : 1;
}
