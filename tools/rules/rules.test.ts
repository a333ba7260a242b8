import { describe, expect, test } from "bun:test";
import { importRule } from "./imports.ts";
import { lengthRule } from "./length.ts";
import { collectLimits, limitRule, renderLimits } from "./limits.ts";
import { linkRule } from "./links.ts";
import { randomRule } from "./random.ts";
import type { Rule } from "./rule.ts";
import { scanImports } from "./scan-imports.ts";
import { hostNameRule, machinePathRule, openEndRule } from "./words.ts";

/** What `rule` says about a tree that holds one file. */
function say(rule: Rule, path: string, text: string): string[] {
  return rule([{ path, text }]).map((violation) => `${violation.line ?? "-"}: ${violation.message}`);
}

describe("imports", () => {
  const refused: [path: string, text: string][] = [
    ["src/base/x.ts", 'import { OwnedFd } from "../sys/fd.ts";'],
    ["src/wayland/x.ts", 'import { OwnedFd } from "../sys/fd.ts";'],
    ["src/sys/x.ts", 'import { Mux } from "../channel/mux.ts";'],
    ["src/channel/x.ts", 'import type { Agent } from "../guest/agent/agent.ts";'],
    ["src/guest/x.ts", 'import { HostDisplay } from "../host/display/display.ts";'],
    ["src/host/image/x.ts", 'import {\n  Agent,\n  type Other,\n} from "../../guest/agent/agent.ts";'],
    ["src/host/image/x.ts", 'export { Agent } from "../../guest/agent/agent.ts";'],
    ["src/host/image/x.ts", 'type A = import("../../guest/agent/agent.ts").Agent;'],
    ["src/host/image/x.ts", 'const agent = await import("../../guest/agent/agent.ts");'],
    ["src/host/image/x.ts", 'import "../../guest/agent/agent.ts";'],
    ["src/host/image/x.ts", "const agent = await import(name);"],
    ["src/cli/x.ts", 'import { HostDisplay } from "../host/display/display.ts";'],
    ["src/cli/x.ts", 'import { Link } from "../guest/display/link.ts";'],
    ["src/host/image/x.ts", 'import { plant } from "./plant.test.ts";'],
    ["src/host/image/x.ts", 'import { plant } from "../../../tests/plant.ts";'],
    ["src/channel/x.ts", 'import koffi from "koffi";'],
    ["src/channel/x.test.ts", 'import koffi from "koffi";'],
    ["src/guest/x.ts", 'import { cc } from "bun:ffi";'],
    ["src/host/x.ts", 'import { z } from "zod";'],
    ["src/host/x.ts", "process.dlopen(module, path);"],
    ["src/elsewhere/x.ts", 'import { a } from "./a.ts";'],
  ];
  test.each(refused)("%s may not say %j", (path, text) => {
    expect(say(importRule, path, text)).toHaveLength(1);
  });

  const allowed: [path: string, text: string][] = [
    ["src/sys/x.ts", 'import koffi from "koffi";\nimport { VitrineError } from "../base/error.ts";'],
    ["src/host/display/x.ts", 'import { decode } from "../../wayland/decode.ts";\nimport { join } from "node:path";'],
    ["src/host/display/x.ts", '// import { Agent } from "../../guest/agent.ts";\n/** import "../../guest/a.ts" */'],
    ["src/cli/x.ts", 'import { run } from "@stricli/core";\nimport { a } from "../host/sandbox/paths.ts";'],
    [
      "src/guest/x.test.ts",
      'import { HostDisplay } from "../host/display/display.ts";\nimport { test } from "bun:test";',
    ],
  ];
  test.each(allowed)("%s may say %j", (path, text) => {
    expect(say(importRule, path, text)).toEqual([]);
  });

  test("every form of import is found, with its line", () => {
    const text =
      'import a, {\n  b,\n} from "one";\nimport "two";\nexport * from "three";\nlet c: typeof import("four");\n';
    expect(scanImports(text)).toEqual([
      { specifier: "one", line: 1 },
      { specifier: "two", line: 4 },
      { specifier: "three", line: 5 },
      { specifier: "four", line: 6 },
    ]);
  });
});

test("the agent keeps no generator of random numbers, the host may", () => {
  const lines = ['import { randomUUID } from "node:crypto";', "Math.random();", "crypto.getRandomValues(bytes);"];
  for (const line of lines) {
    for (const folder of ["base", "sys", "wayland", "channel", "guest/agent"])
      expect(say(randomRule, `src/${folder}/x.ts`, line).length).toBeGreaterThan(0);
    for (const path of ["src/host/sandbox/x.ts", "src/guest/agent/x.test.ts", "bench/x.ts"])
      expect(say(randomRule, path, line)).toEqual([]);
  }
});

describe("words", () => {
  test.each([
    ["deb", "debian", "org"],
    ["registry", "npmjs", "org"],
    ["security", "debian", "org"],
    ["npmjs", "com"],
  ])("the host %s.%s is found", (...labels) => {
    expect(say(hostNameRule, "README.md", `see\nhttps://${labels.join(".")}/x`)).toHaveLength(1);
  });
  test("the documented archive is no violation", () => {
    expect(say(hostNameRule, "README.md", "ftp.debian.org and example.org")).toEqual([]);
  });

  test.each([
    ["wo", "rk/main"],
    ["ro", "ot/.cache"],
    ["home/al", "ice/x"],
    ["fa", "rm/y"],
  ])("the path /%s%s is found", (...parts) => {
    expect(say(machinePathRule, "src/a.ts", `const a = "/${parts.join("")}";`)).toHaveLength(1);
  });
  test("paths of the guest and of the system are no violation", () => {
    expect(say(machinePathRule, "src/a.ts", '"/root" "/home/user/x" "/usr/bin" "./work/x" "a/work/x"')).toEqual([]);
  });

  test.each([
    ["TO", "DO: later"],
    ["FIX", "ME"],
    ["not imple", "mented"],
    ["test.sk", "ip("],
    ["test.on", "ly("],
    ["describe.sk", "ip(x)"],
  ])("the open end %s%s is found", (...parts) => {
    expect(say(openEndRule, "src/a.ts", `// ${parts.join("")}`)).toHaveLength(1);
  });
  test("ordinary words are no open end, nor is a test that says what it needs of the machine", () => {
    expect(say(openEndRule, "src/a.ts", "todo list, test.each(x), implemented, skip(1), test.skipIf(noVsock)")).toEqual(
      [],
    );
  });
});

describe("length", () => {
  test("a file that is too long is found, a generated one is not looked at", () => {
    const long = "x;\n".repeat(351);
    expect(say(lengthRule, "src/a.ts", long)).toHaveLength(1);
    expect(say(lengthRule, "tools/a.sh", long)).toHaveLength(1);
    expect(say(lengthRule, "src/a/generated/b.ts", long)).toEqual([]);
    expect(say(lengthRule, "src/a.ts", "x;\n".repeat(350))).toEqual([]);
  });
});

describe("limits", () => {
  const source = {
    path: "src/a.ts",
    text: [
      "/**",
      " * Bytes of a thing; real ones",
      " * are small.",
      " */",
      "export const MAX_THING_BYTES = 4 * 1024;",
      "export const THING_DEADLINE_MS = 10_000;",
      "",
      "/** Not a bound. */",
      "export const THING_NAME = 1;",
      "const MAX_PRIVATE = 1;",
    ].join("\n"),
  };
  const document = { path: "docs/LIMITS.md", text: renderLimits("# Limits\n", collectLimits([source])) };

  test("bounds are collected with value and reason; neighbours share a comment", () => {
    expect(collectLimits([source])).toEqual([
      {
        name: "MAX_THING_BYTES",
        value: "4 * 1024",
        reason: "Bytes of a thing; real ones are small.",
        path: "src/a.ts",
      },
      {
        name: "THING_DEADLINE_MS",
        value: "10_000",
        reason: "Bytes of a thing; real ones are small.",
        path: "src/a.ts",
      },
    ]);
  });
  test("a document made from the source passes, and making it again changes nothing", () => {
    expect(limitRule([source, document])).toEqual([]);
    expect(renderLimits(document.text, collectLimits([source]))).toBe(document.text);
  });
  test("a bound that the document does not have, another value and a missing comment are found", () => {
    const added = { path: "src/b.ts", text: "export const MAX_NEW = 1;\n" };
    expect(limitRule([source, added, document]).map((violation) => violation.message)).toEqual([
      "the bound MAX_NEW has no comment: say its unit and reason",
      "differs from the source (MAX_NEW): bun tools/rules/main.ts --write-limits",
    ]);
    const changed = { ...source, text: source.text.replace("4 * 1024", "8 * 1024") };
    expect(limitRule([changed, document])).toHaveLength(1);
    expect(limitRule([document])).toHaveLength(1);
    expect(limitRule([source])).toHaveLength(1);
  });
});

describe("links", () => {
  const target = { path: "docs/A.md", text: "# One `two`: three!\n```\n# not a heading\n```\n" };
  const links = (text: string) => linkRule([target, { path: "README.md", text }]).map((violation) => violation.message);

  test("links that lead somewhere pass", () => {
    expect(
      links("[a](docs/A.md) [b](docs/A.md#one-two-three) [c](https://example.org/x) [d](docs) [e](#here)\n# Here"),
    ).toEqual([]);
  });
  test("links that lead nowhere are found", () => {
    expect(links("[a](docs/B.md)")).toHaveLength(1);
    expect(links("[a](docs/A.md#not-a-heading)")).toHaveLength(1);
    expect(links("![a](pictures/a.png)")).toHaveLength(1);
    expect(links("[a](#nowhere)")).toHaveLength(1);
  });
  test("code is no link", () => {
    expect(links("`[a](b)`\n```\n[a](b)\n```\n")).toEqual([]);
  });
});
