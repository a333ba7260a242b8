/**
 * Makes src/wayland/generated from the protocol XML of Debian's packages.
 *
 *     bun tools/scanner/main.ts write|check [--xml-dir DIR]
 *
 * write  replaces the tables.
 * check  compares; exit status 1 and a summary when the committed tables are not what the packages give, 2 when that
 *        could not be found out.
 * --xml-dir DIR  takes the XML from below DIR, a /usr/share with the folders "wayland", "wayland-protocols" and
 *        "plasma-wayland-protocols", instead of fetching packages.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeDrift } from "./drift.ts";
import { fetchPackages, RELEASE } from "./packages.ts";
import { generateTables } from "./tables.ts";

const OUTPUT = join(import.meta.dirname, "../../src/wayland/generated");
const SOURCES = "SOURCES.json";
const USAGE = "usage: bun tools/scanner/main.ts write|check [--xml-dir DIR]";

interface Fresh {
  readonly tables: Map<string, string>;
  /** Text of SOURCES.json; undefined when the XML did not come from packages. */
  readonly sources: string | undefined;
}

async function makeFresh(xmlDirectory: string | undefined): Promise<Fresh> {
  if (xmlDirectory !== undefined) return { tables: generateTables(xmlDirectory), sources: undefined };
  const directory = mkdtempSync(join(tmpdir(), "vitrine-scanner-"));
  try {
    const packages = await fetchPackages(directory);
    const sources = `${JSON.stringify({ release: RELEASE, packages }, null, 2)}\n`;
    return { tables: generateTables(join(directory, "usr/share")), sources };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readCommitted(): Map<string, string> {
  mkdirSync(OUTPUT, { recursive: true });
  return new Map(readdirSync(OUTPUT).map((name) => [name, readFileSync(join(OUTPUT, name), "utf8")]));
}

function write(fresh: Fresh): void {
  for (const name of readCommitted().keys()) if (name !== SOURCES) rmSync(join(OUTPUT, name));
  for (const [name, text] of fresh.tables) writeFileSync(join(OUTPUT, name), text);
  if (fresh.sources !== undefined) writeFileSync(join(OUTPUT, SOURCES), fresh.sources);
  console.log(`${fresh.tables.size} files written to src/wayland/generated`);
}

function check(fresh: Fresh): void {
  const committed = readCommitted();
  const sources = committed.get(SOURCES);
  committed.delete(SOURCES);
  const drift = describeDrift(committed, fresh.tables);
  if (drift.length > 0) {
    console.error(`The tables of src/wayland/generated differ from the packages in ${drift.length} files:\n`);
    console.error(drift.join("\n"));
    console.error("\nRun: bun tools/scanner/main.ts write");
    process.exitCode = 1;
    return;
  }
  console.log("src/wayland/generated is what the packages give");
  // A rebuilt package with the same protocols is no drift.
  if (fresh.sources !== undefined && fresh.sources !== sources) console.log(`(${SOURCES} names other versions)`);
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { "xml-dir": { type: "string" } } });
const [command, ...rest] = positionals;
if (rest.length > 0 || (command !== "write" && command !== "check")) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    const fresh = await makeFresh(values["xml-dir"]);
    if (command === "write") write(fresh);
    else check(fresh);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
