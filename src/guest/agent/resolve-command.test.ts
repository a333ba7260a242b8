import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findInRoot, resolveCommand } from "./resolve-command.ts";

const outside = mkdtempSync(join(tmpdir(), "vitrine-resolve-"));
const root = join(outside, "root");
for (const folder of ["usr/bin", "opt/tool/bin", "home/user"]) mkdirSync(join(root, folder), { recursive: true });
const program = (path: string, mode = 0o755) => writeFileSync(path, "", { mode });
program(join(root, "usr/bin/env"));
program(join(root, "usr/bin/data"), 0o644);
program(join(root, "opt/tool/bin/data"));
program(join(root, "opt/tool/bin/tool"));
program(join(outside, "secret"));
const link = (target: string, path: string) => symlinkSync(target, join(root, path));
link("usr/bin", "bin"); // The merged /usr of most distributions.
link("/opt/tool/bin/tool", "usr/bin/absolute");
link("../../opt/tool/bin/tool", "usr/bin/relative");
link("../../../../../../opt/tool/bin/tool", "usr/bin/above");
link("../../../secret", "usr/bin/escape");
link(join(outside, "secret"), "usr/bin/escape-absolute");
link("loop", "usr/bin/loop");
link("/nowhere", "usr/bin/dangling");
afterAll(() => rmSync(outside, { recursive: true, force: true }));

const resolve = (command: string, path = "/bin:/opt/tool/bin", directory = "/home/user") =>
  resolveCommand(command, { root, path, directory });

test("commands are found along the path, in its order, past what is not executable", () => {
  expect(resolve("env")).toBe("/bin/env");
  expect(resolve("tool")).toBe("/opt/tool/bin/tool");
  expect(resolve("data")).toBe("/opt/tool/bin/data");
});

test("links stay in the root, and the name they were found by stays", () => {
  for (const name of ["absolute", "relative", "above"]) expect(resolve(name)).toBe(`/bin/${name}`);
});

test("what leads nowhere or out of the root is not found", () => {
  for (const name of [
    "escape",
    "escape-absolute",
    "loop",
    "dangling",
    "xyz",
    "",
    "/secret",
    "../secret",
    "/bin/env/x",
  ]) {
    expect(() => resolve(name)).toThrow(`Cannot start "${name}": no such command in the image`);
  }
});

test("a name with a slash is a path, from the directory if it is relative", () => {
  expect(resolve("/opt/tool/bin/tool")).toBe("/opt/tool/bin/tool");
  expect(resolve("../../usr/bin/env", "", "/home/user")).toBe("/home/user/../../usr/bin/env");
  expect(resolve("./env", "", "/usr/bin")).toBe("/usr/bin/./env");
  expect(() => resolve("/usr/bin/data")).toThrow('Cannot start "/usr/bin/data": an executable file is wanted');
  expect(() => resolve("/usr/bin")).toThrow("an executable file is wanted");
});

test("an empty part of the path is the directory", () => {
  expect(resolve("tool", "/bin:", "/opt/tool/bin")).toBe("/opt/tool/bin/./tool");
});

test("a place is told as seen from outside", () => {
  expect(findInRoot(root, "/bin/absolute")?.outside).toBe(join(root, "opt/tool/bin/tool"));
  expect(findInRoot(root, "/..")?.outside).toBe(root);
  expect(findInRoot("/", "/")?.outside).toBe("/");
  expect(findInRoot(root, `/${"x".repeat(5000)}`)).toBeUndefined();
});
