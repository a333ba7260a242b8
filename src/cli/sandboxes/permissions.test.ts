/** `vitrine permissions` on files, with no sandbox that runs; tests/display/permissions.test.ts has one that does. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { proposeCompletions, run } from "@stricli/core";
import { vitrineApplication } from "../application.ts";
import type { CliContext } from "../context.ts";
import { statusOfRun } from "../terminal/exit-status.ts";

let folder: string;
let own: string;
let global: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-permissions-"));
  own = join(folder, "config/vitrine/policy.d/one.conf");
  global = join(folder, "config/vitrine/policy.conf");
});
afterEach(() => rmSync(folder, { recursive: true }));

function contextOf(written: { out: string; errors: string }): CliContext {
  const write = (name: keyof typeof written) => (text: string) => {
    written[name] += text;
  };
  const env = { XDG_RUNTIME_DIR: folder, XDG_CONFIG_HOME: join(folder, "config"), HOME: folder };
  return { process: { stdout: { write: write("out") }, stderr: { write: write("errors") }, env } };
}

async function permissions(...words: string[]): Promise<{ status: number; out: string; errors: string }> {
  const written = { out: "", errors: "" };
  const context = contextOf(written);
  await run(await vitrineApplication(), ["permissions", ...words], context);
  return { status: statusOfRun(context.process.exitCode), ...written };
}

function writeFile(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}

describe("vitrine permissions", () => {
  test("shows every topic, and where its value comes from", async () => {
    writeFile(own, "fullscreen allow\n");
    writeFile(global, "# for all\nfullscreen deny\ndrag-in off\ninterface:wp_presentation deny\n");
    const { status, out } = await permissions("one");
    expect(status).toBe(0);
    const rows = out.split("\n").map((line) => line.split(/ {2,}/));
    expect(rows[0]).toEqual(["TOPIC", "VALUE", "FROM"]);
    expect(rows).toContainEqual(["clipboard-in", "on-paste", expect.stringMatching(/^shipped: pasting works/)]);
    expect(rows).toContainEqual(["fullscreen", "allow", `${own}:1`]);
    expect(rows).toContainEqual(["drag-in", "off", `${global}:3`]);
    expect(rows).toContainEqual(["interface:wp_presentation", "deny", `${global}:4`]);
    expect(out).not.toContain("interface:wl_compositor");
  });

  test("for programs, with every interface", async () => {
    writeFile(own, "fullscreen allow\n");
    const all = JSON.parse((await permissions("one", "--json")).out);
    const fullscreen = {
      topic: "fullscreen",
      value: "allow",
      from: "rule",
      file: own,
      line: 1,
      values: ["deny", "ask", "allow"],
    };
    expect(all).toContainEqual(fullscreen);
    expect(all).toContainEqual(
      expect.objectContaining({ topic: "interface:wl_compositor", value: "allow", from: "shipped", file: null }),
    );
    expect(JSON.parse((await permissions("one", "fullscreen", "--json")).out)).toEqual(fullscreen);
  });

  test("explains one topic", async () => {
    const { out } = await permissions("one", "clipboard-in");
    expect(out).toContain("paste what was copied outside the sandbox");
    expect(out).toContain("values: off, on-paste, on\n");
  });

  test("sets a topic in the sandbox's own file, keeping what is there", async () => {
    writeFile(own, "# mine\ndrag-in off # no drops\n");
    expect((await permissions("one", "clipboard-in", "on")).out).toContain(`clipboard-in  on     ${own}:3`);
    await permissions("one", "drag-in", "on");
    await permissions("one", "interface:wp_presentation", "deny");
    expect(readFileSync(own, "utf8")).toBe(
      "# mine\ndrag-in on # no drops\nclipboard-in on\ninterface:wp_presentation deny\n",
    );
    expect(statSync(own).mode & 0o077).toBe(0);
  });

  test("a file that is a link stays one", async () => {
    const elsewhere = join(folder, "dotfiles.conf");
    writeFileSync(elsewhere, "drag-in off\n");
    mkdirSync(join(own, ".."), { recursive: true });
    symlinkSync(elsewhere, own);
    await permissions("one", "drag-in", "on");
    expect(readFileSync(elsewhere, "utf8")).toBe("drag-in on\n");
  });

  test("forgets what was set", async () => {
    await permissions("one", "fullscreen", "allow");
    await permissions("one", "drag-in", "off");
    expect((await permissions("one", "fullscreen", "--reset")).out).toContain("fullscreen  ask    shipped: ");
    expect(readFileSync(own, "utf8")).toContain("drag-in off");
    await permissions("one", "--reset");
    expect(statSync(own, { throwIfNoEntry: false })).toBeUndefined();
    expect((await permissions("one", "--reset")).status).toBe(0);
  });

  test("a broken file: everything is denied, and it says where and why", async () => {
    writeFile(own, "drag-in on\nclipbord-in off\n");
    const { status, out, errors } = await permissions("one");
    expect(status).toBe(65);
    expect(out).toMatch(/\ndrag-in +off +the policy is broken\n/);
    expect(errors).toContain(`policy of sandbox "one": ${own}:2: no topic is called "clipbord-in"`);
    expect(errors).toContain(`  fix: edit ${own}`);
    expect((await permissions("one", "drag-in", "on")).status).toBe(65);
    expect(readFileSync(own, "utf8")).toBe("drag-in on\nclipbord-in off\n");
    // What was set for the sandbox can be thrown away whole.
    expect((await permissions("one", "--reset")).status).toBe(0);
  });

  test("what cannot be", async () => {
    const refused: [words: string[], status: number, message: string][] = [
      [["one", "fullscren", "allow"], 64, 'no topic is called "fullscren"'],
      [["one", "fullscreen", "maybe"], 64, 'Cannot set "fullscreen" to "maybe": want deny, ask, allow'],
      [["one", "interface:zwlr_layer_shell_v1", "allow"], 64, "is not on the built-in allow-list"],
      [["one", "*", "deny"], 64, "it stands for many"],
      [["one", "fullscreen", "allow", "--reset"], 64, "want one of the two"],
      [["../one", "fullscreen", "allow"], 64, 'Cannot use "../one" as the name of a sandbox'],
      [["one", "--apply"], 66, "it does not run"],
    ];
    for (const [words, status, message] of refused) {
      const result = await permissions(...words);
      expect([words, result.status]).toEqual([words, status]);
      expect(result.errors).toContain(message);
    }
    expect(statSync(own, { throwIfNoEntry: false })).toBeUndefined();
  });

  test("shells get topics and values", async () => {
    const context = contextOf({ out: "", errors: "" });
    const propose = async (...words: string[]) =>
      (await proposeCompletions(await vitrineApplication(), ["permissions", ...words], context)).map(
        (one) => one.completion,
      );
    expect(await propose("one", "clip")).toEqual(["clipboard-in", "clipboard-out"]);
    expect(await propose("one", "clipboard-in", "on-")).toContain("on-paste");
  });
});

test("nothing starts under a policy that is broken", async () => {
  writeFile(global, "everything off\n");
  const written = { out: "", errors: "" };
  const context = contextOf(written);
  await run(await vitrineApplication(), ["run", "--no-display", "--image", "one", "--", "true"], context);
  expect(statusOfRun(context.process.exitCode)).toBe(65);
  expect(written.errors).toContain(`${global}:1: no topic is called "everything"`);
});
