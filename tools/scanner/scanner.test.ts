import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findArchive, MAIN_ARCHIVE } from "../../src/host/image/archive-source.ts";
import { allInterfaces } from "../../src/wayland/generated/all.ts";
import { interfaces as wayland } from "../../src/wayland/generated/wayland.ts";
import { interfaces as xdgShell } from "../../src/wayland/generated/xdg-shell.ts";
import { describeDrift } from "./drift.ts";
import { emitProtocol } from "./emit.ts";
import { parseProtocol } from "./protocol-xml.ts";
import { generateTables } from "./tables.ts";

const SMALL = `<?xml version="1.0" encoding="UTF-8"?>
<protocol name="small">
  <copyright>Somebody</copyright>
  <interface name="a_thing" version="3">
    <description summary="s">Much text.</description>
    <request name="destroy" type="destructor"/>
    <request name="make" since="2" deprecated-since="3">
      <description summary="s">Text.</description>
      <arg name="id" type="new_id" interface="a_part" summary="s"/>
      <arg name="where" type="object" interface="wl_surface" allow-null="true"/>
      <arg name="mode" type="uint" enum="mode"/>
      <arg name="file" type="fd"/>
    </request>
    <event name="done"><arg name="title" type="string" allow-null="true"/></event>
    <enum name="mode" bitfield="true" since="2">
      <entry name="90" value="0x10"/>
      <entry name="late" value="2" since="3" summary="s"/>
    </enum>
  </interface>
</protocol>`;

const SMALL_TABLE = {
  name: "a_thing",
  version: 3,
  requests: [
    { name: "destroy", since: 1, destructor: true as const, args: [] },
    {
      name: "make",
      since: 2,
      args: [
        { name: "id", type: "new_id" as const, interface: "a_part" },
        { name: "where", type: "object" as const, interface: "wl_surface", nullable: true as const },
        { name: "mode", type: "uint" as const, enum: "mode" },
        { name: "file", type: "fd" as const },
      ],
    },
  ],
  events: [{ name: "done", since: 1, args: [{ name: "title", type: "string" as const, nullable: true as const }] }],
  enums: { mode: { bitfield: true as const, since: 2, entries: { "90": 16, late: 2 }, entriesSince: { late: 3 } } },
};

/** Runs `body` with a directory that holds `files`. */
function withFiles<T>(files: Readonly<Record<string, string>>, body: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "vitrine-scanner-test-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    return body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("parseProtocol", () => {
  test("keeps the facts and drops the prose", () => {
    expect(parseProtocol(SMALL, "dir/small-v1.xml")).toEqual({ name: "small-v1", interfaces: [SMALL_TABLE] });
  });

  const broken: [string, string, string, string][] = [
    ["an unknown element", "<event name", '<signal name="x"/><event name', "14: <signal>"],
    ["an element in the wrong place", "<event name", '<entry name="x" value="1"/><event name', "14: <entry>"],
    ["an unknown attribute", 'type="fd"', 'type="fd" shape="round"', '12: <arg>: attribute "shape"'],
    ["an unknown type", 'type="fd"', 'type="file"', '12: <arg>: type "file"'],
    ["an unknown message type", 'type="destructor"', 'type="x"', '6: <request>: type "x"'],
    ["a missing attribute", ' type="fd"', "", '12: <arg>: attribute "type"'],
    ["text where none belongs", "<event name", "text<event name", "4: <interface>"],
    ["an interface where none belongs", 'type="fd"', 'type="fd" interface="x"', "12: <arg>"],
    ["null where it cannot be", 'type="fd"', 'type="fd" allow-null="true"', "12: <arg>"],
    ["an enum where none belongs", 'type="fd"', 'type="fd" enum="mode"', "12: <arg>"],
    ["a version that is no number", 'version="3"', 'version="0"', "4: <interface>"],
    ["since above the version", 'since="2" deprecated', 'since="4" deprecated', "7: <request>"],
    ["a name that is no name", '"a_thing"', '"a thing"', "4: <interface>"],
    ["a truth value that is none", 'bitfield="true"', 'bitfield="yes"', "15: <enum>"],
    ["a value that is no number", '"0x10"', '"ten"', "16: <entry>"],
    ["two messages of one name", '"make"', '"destroy"', "4: <interface>"],
    ["two arguments of one name", '"where"', '"id"', "7: <request>"],
    ["two entries of one name", '"late"', '"90"', "17: <entry>"],
  ];
  for (const [what, from, to, place] of broken) {
    test(`refuses ${what} and says where`, () => {
      expect(SMALL).toContain(from);
      expect(() => parseProtocol(SMALL.replace(from, to), "small.xml")).toThrow(`small.xml:${place}`);
    });
  }
});

test("a table that was loaded from its file gives that file again", () => {
  const committed = (name: string): string =>
    readFileSync(join(import.meta.dirname, "../../src/wayland/generated", `${name}.ts`), "utf8");
  expect(emitProtocol({ name: "wayland", interfaces: wayland })).toBe(committed("wayland"));
  expect(emitProtocol({ name: "xdg-shell", interfaces: xdgShell })).toBe(committed("xdg-shell"));
});

test("the emitted file holds no prose", () => {
  expect(emitProtocol(parseProtocol(SMALL, "small.xml"))).not.toMatch(/text|Somebody/i);
});

test("the more stable of two protocols is preferred", () => {
  const files = {
    "wayland/wayland.xml": SMALL.replaceAll("a_thing", "wl_thing"),
    "plasma-wayland-protocols/server-decoration.xml": SMALL.replaceAll("a_thing", "kde_thing"),
    "plasma-wayland-protocols/zz-other.xml": SMALL,
    "wayland-protocols/stable/x/zz-new.xml": SMALL,
    "wayland-protocols/staging/x/mm-mid.xml": SMALL,
    "wayland-protocols/unstable/x/aa-old.xml": SMALL,
  };
  const generated = withFiles(files, generateTables);
  expect([...generated.keys()].sort()).toEqual([
    "aa-old.ts",
    "all.ts",
    "mm-mid.ts",
    "server-decoration.ts",
    "wayland.ts",
    "zz-new.ts",
  ]);
  const order = [...(generated.get("all.ts") ?? "").matchAll(/^ {2}\.\.\.(\w+),$/gm)].map((match) => match[1]);
  expect(order).toEqual(["server_decoration", "aa_old", "mm_mid", "zz_new", "wayland"]);
});

test("the committed tables prefer stable protocols to the drafts of the same name", () => {
  expect(allInterfaces.get("xdg_surface")?.requests.map((request) => request.name)).toContain("ack_configure");
  expect(allInterfaces.get("wl_surface")?.version).toBeGreaterThanOrEqual(6);
  expect(allInterfaces.get("xdg_popup")?.version).toBeGreaterThanOrEqual(6);
});

test("drift is described file by file", () => {
  const committed = new Map([
    ["same.ts", "a"],
    ["gone.ts", "a"],
    ["changed.ts", "one\ntwo\n"],
  ]);
  const fresh = new Map([
    ["same.ts", "a"],
    ["new.ts", "a"],
    ["changed.ts", "one\nthree\n"],
  ]);
  expect(describeDrift(committed, fresh)).toEqual([
    "changed.ts: differs\n  committed: two\n  packages:  three",
    "gone.ts: not in the packages (any more)",
    "new.ts: missing",
  ]);
  expect(describeDrift(fresh, fresh)).toEqual([]);
});

test("the main archive is found in both forms of apt sources", () => {
  const deb822 = `# URIs: http://comment.example/debian
Types: deb
URIs: http://security.example/debian-security
Suites: trixie-security
Components: main

Types: deb
# note
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main contrib
`;
  expect(findArchive(deb822, true, MAIN_ARCHIVE)).toBe("http://mirror.example/debian");
  const lines = `# deb http://comment.example/debian trixie main
deb http://other.example/cloud sdk main
deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/pub/debian/ trixie main non-free
`;
  expect(findArchive(lines, false, MAIN_ARCHIVE)).toBe("https://mirror.example/pub/debian/");
  expect(findArchive("", true, MAIN_ARCHIVE)).toBeUndefined();
});
