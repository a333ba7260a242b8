import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_ARGUMENTS } from "../../channel/contract/agent.ts";
import { AppRoot } from "./app-root.ts";
import { buildEnvironment, checkStrings } from "./environment.ts";
import { launchCommand } from "./launch-command.ts";
import { findPort, parseMemory, parseUptime } from "./machine.ts";

const directory = mkdtempSync(join(tmpdir(), "vitrine-units-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const base = { user: "user", shell: "/bin/sh", runtimeDirectory: "/run/user/1000", terminal: false } as const;

test("the environment: later overrides win, the bus and TERM only where there are such", () => {
  const plain = buildEnvironment({ ...base, sessionBus: false, x11Display: undefined, overrides: [] });
  expect(plain.DBUS_SESSION_BUS_ADDRESS).toBeUndefined();
  expect(plain.TERM).toBeUndefined();
  const overrides = [
    { LANG: "C", PATH: "/x" },
    { LANG: "sv_SE.UTF-8", TERM: "foot" },
  ];
  const full = buildEnvironment({ ...base, terminal: true, sessionBus: true, x11Display: ":0", overrides });
  expect(full).toMatchObject({ LANG: "sv_SE.UTF-8", PATH: "/x", TERM: "foot", HOME: "/home/user" });
  expect([plain.DISPLAY, plain.GDK_BACKEND]).toEqual([undefined, "wayland"]);
  expect([full.DISPLAY, full.GDK_BACKEND]).toEqual([":0", "wayland,x11"]);
  expect(full.DBUS_SESSION_BUS_ADDRESS).toBe("unix:path=/run/user/1000/bus");
  const root = buildEnvironment({ ...base, user: "root", sessionBus: true, x11Display: ":0", overrides: [] });
  expect(root.XDG_RUNTIME_DIR).toBeUndefined();
  expect(root.HOME).toBe("/root");
  expect(root.DISPLAY).toBeUndefined();
});

test("strings that execve cannot pass on are refused", () => {
  checkStrings(["a", ""], { A: "b=c" });
  expect(() => checkStrings(["a\0"], {})).toThrow("without NUL");
  expect(() => checkStrings([], { "A=B": "" })).toThrow('"A=B"');
  expect(() => checkStrings([], { "": "" })).toThrow('""');
  const many = Object.fromEntries(Array.from({ length: MAX_ARGUMENTS + 1 }, (_, index) => [`V${index}`, ""]));
  expect(() => checkStrings([], many)).toThrow(`at most ${MAX_ARGUMENTS}`);
});

test("the wrapper is left out where nothing is to be changed", () => {
  const options = { program: "/usr/bin/app", args: ["--root=/x"], directory: "/home/user", terminal: false };
  expect(launchCommand({ ...options, root: undefined, ids: undefined })).toEqual({
    file: "/usr/bin/app",
    args: ["--root=/x"],
    cwd: "/home/user",
    detached: true,
  });
  const root = AppRoot.of(process.pid);
  const { file, args, cwd, detached } = launchCommand({
    ...options,
    root,
    ids: { uid: 1000, gid: 1001 },
    terminal: true,
  });
  const place = `-m${root.namespaceFile} -w${root.pathOf("/home/user")}`;
  expect([file, ...args].join(" ")).toBe(
    `/bin/busybox setsid -c /bin/busybox nsenter ${place} -G 1001 -S 1000 -- /usr/bin/app --root=/x`,
  );
  expect({ cwd, detached }).toEqual({ cwd: "/", detached: false });
});

test("files of /proc", () => {
  expect(parseUptime("6065.25 10801.91\n")).toBe(6_065_250);
  expect(() => parseUptime("no")).toThrow('"no"');
  expect(parseMemory("MemTotal:    100 kB\nMemFree:  1 kB\nMemAvailable:   7 kB\n")).toEqual({
    total: 102_400,
    available: 7168,
  });
  expect(() => parseMemory("")).toThrow("MemTotal");
});

test("the port is found by its name", () => {
  for (const [port, name] of [
    ["vport1p1", "org.other"],
    ["vport2p1", "vitrine.agent"],
  ] as const) {
    mkdirSync(join(directory, port));
    writeFileSync(join(directory, port, "name"), `${name}\n`);
  }
  expect(findPort("vitrine.agent", directory)).toBe("/dev/vport2p1");
  expect(findPort("vitrine", directory)).toBeUndefined();
});
