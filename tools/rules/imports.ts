/** Which folder may import which, and which packages. The table is the architecture; docs/ARCHITECTURE.md draws it. */
import { dirname, join } from "node:path";
import { isTest, isTypeScript, matchingLines, type Rule, type SourceFile, type Violation } from "./rule.ts";
import { scanImports } from "./scan-imports.ts";

interface Area {
  /** Folders it may import from, its own aside. */
  readonly folders: readonly string[];
  /** npm packages it may import. */
  readonly packages: readonly string[];
}

/** The first folder that matches wins. */
const AREAS: Readonly<Record<string, Area>> = {
  "src/base": { folders: [], packages: [] },
  "src/wayland": { folders: ["src/base"], packages: [] },
  "src/sys": { folders: ["src/base"], packages: ["koffi"] },
  // Contracts are data: they may speak of Wayland's tables, not of sockets.
  "src/channel/contract": { folders: ["src/base", "src/wayland"], packages: ["zod/mini"] },
  "src/channel": { folders: ["src/base", "src/sys"], packages: ["zod/mini"] },
  "src/guest": { folders: ["src/base", "src/sys", "src/channel", "src/wayland"], packages: ["zod/mini"] },
  "src/host/catalog": {
    folders: ["src/base", "src/host/files", "src/host/image"],
    packages: ["zod/mini", "@rgrove/parse-xml"],
  },
  "src/host": { folders: ["src/base", "src/sys", "src/channel", "src/wayland"], packages: ["zod/mini"] },
  // The command line builds images, probes drivers and reads records; windows are the supervisor's alone.
  "src/cli": {
    folders: [
      "src/base",
      "src/sys",
      "src/channel",
      "src/host/sandbox",
      "src/host/policy",
      "src/host/image",
      "src/host/network",
      "src/host/apps",
      "src/host/backup",
      "src/host/snapshot",
      "src/host/vmm",
      "src/host/catalog",
    ],
    packages: ["@stricli/core", "zod/mini"],
  },
  tools: { folders: ["src", "tests"], packages: ["@rgrove/parse-xml"] },
  bench: { folders: ["src", "tests", "tools"], packages: [] },
};

/** The only folder that calls foreign functions. */
const NATIVE_CODE = "src/sys";
const NATIVE_LOADERS = /\b(?:createRequire|dlopen)\b/g;

/** What a test may import on top: a test may join both halves of anything, but product code never imports a test. */
const TEST_PACKAGES = ["bun:test", "fast-check", "zod/mini", "@stricli/core"];

/** Import rules: {@link AREAS} for product code, anything but foreign functions for tests. */
export const importRule: Rule = (files) => files.filter(isTypeScript).flatMap(checkFile);

function checkFile(file: SourceFile): Violation[] {
  const area = areaOf(file.path);
  const loaders =
    !file.path.startsWith("src/") || area === NATIVE_CODE
      ? []
      : matchingLines(file, NATIVE_LOADERS, (match) => `only ${NATIVE_CODE} may use "${match}"`);
  const imports = scanImports(file.text).flatMap(({ specifier, line }) => {
    const reason = refusal(file.path, area, specifier);
    return reason === undefined ? [] : [{ path: file.path, line, message: reason }];
  });
  return [...loaders, ...imports];
}

function areaOf(path: string): string | undefined {
  return Object.keys(AREAS).find((folder) => inside(path, folder));
}

/** Why this import is not allowed; undefined when it is. */
function refusal(path: string, area: string | undefined, specifier: string | undefined): string | undefined {
  if (specifier === undefined) {
    // Native code is found by a computed path, and only src/sys loads any.
    return area === NATIVE_CODE ? undefined : "imports a computed name, which no rule can check: write the name out";
  }
  if (specifier.startsWith("node:")) return undefined;
  if (specifier.startsWith(".")) {
    const target = join(dirname(path), specifier);
    if (isTest(path)) return undefined;
    if (isTest(target) && area !== "tools" && area !== "bench") return `product code imports the test "${target}"`;
    if (area === undefined) return `"${path}" is in no folder of the import table (tools/rules/imports.ts)`;
    const allowed = [area, ...(AREAS[area]?.folders ?? [])];
    if (allowed.some((folder) => inside(target, folder))) return undefined;
    return `${area} may not import "${target}" (allowed: ${allowed.join(", ")})`;
  }
  const packages = [...(AREAS[area ?? ""]?.packages ?? []), ...(isTest(path) ? TEST_PACKAGES : [])];
  if (packages.includes(specifier)) return undefined;
  return `${area ?? path} may not import the package "${specifier}" (allowed: ${packages.join(", ") || "none"})`;
}

function inside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}
