import { describe, expect, test } from "bun:test";
import { proposeCompletions, run } from "@stricli/core";
import { vitrineApplication } from "./application.ts";
import type { CliContext } from "./context.ts";
import { statusOfRun } from "./terminal/exit-status.ts";

/** Runs the command line in memory. */
async function vitrine(...words: string[]): Promise<{ status: number; out: string; errors: string }> {
  const written = { out: "", errors: "" };
  const collect = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const context: CliContext = {
    process: {
      stdout: collect("out"),
      stderr: collect("errors"),
      env: {},
    },
  };
  await run(await vitrineApplication(words[0]), words, context);
  return { status: statusOfRun(context.process.exitCode), ...written };
}

describe("vitrine", () => {
  test("every command explains itself", async () => {
    const commands = [
      "search",
      "info",
      "install",
      "update",
      "rollback",
      "create",
      "run",
      "try",
      "network",
      "resize",
      "default",
      "backup",
      "restore",
      "clone",
      "rename",
      "reset",
      "remove",
      "exec",
      "shell",
      "list",
      "stop",
      "logs",
      "permissions",
      "trace",
      "doctor",
      "demo",
      "setup",
      "completion",
    ];
    for (const words of [
      [],
      ...commands.map((name) => [name]),
      ...["build", "list", "remove"].map((name) => ["image", name]),
      ...["refresh", "status"].map((name) => ["catalog", name]),
    ]) {
      const { status, out } = await vitrine(...words, "--help");
      expect(status).toBe(0);
      expect(out).toStartWith(`USAGE\n  vitrine${words.map((word) => ` ${word}`).join("")}`);
    }
  });

  test("a command that is not there: what was meant, and how to find out", async () => {
    expect(await vitrine("lst")).toEqual({
      status: 64,
      out: "",
      errors: 'vitrine: no command "lst", did you mean `list`?\n  fix: vitrine --help\n',
    });
    expect((await vitrine("constructor")).status).toBe(64);
    expect((await vitrine("__proto__")).status).toBe(64);
  });

  test("wrong options and arguments", async () => {
    expect((await vitrine("run", "--image", "a", "--nmae", "b", "--", "c")).errors).toContain("did you mean --name?");
    expect((await vitrine("run", "--", "c")).status).toBe(66);
    expect((await vitrine("run", "--image", "a")).status).toBe(64);
    expect((await vitrine("run", "--image", "a", "--memory", "much", "--", "c")).status).toBe(64);
    expect((await vitrine("stop")).status).toBe(64);
    expect((await vitrine("stop", "../x")).errors).toContain('Cannot use "../x" as the name of a sandbox');
  });

  test("a command that would open windows says at once that there is no desktop", async () => {
    const { status, errors } = await vitrine("run", "--image", "a", "--", "b");
    expect(status).toBe(69);
    expect(errors).toContain("no Wayland compositor");
    expect(errors).toContain("  fix: ");
  });

  test("shells get proposals", async () => {
    const context: CliContext = { process: { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {} } };
    const proposals = await proposeCompletions(await vitrineApplication(), ["l"], context);
    expect(proposals.map((proposal) => proposal.completion).sort()).toEqual(["list", "logs"]);
  });

  test("a command is loaded without the others", async () => {
    const script = `await (await import("./application.ts")).vitrineApplication("search"); console.log(Object.keys(require.cache).join())`;
    const loaded = await new Response(
      Bun.spawn([process.execPath, "-e", script], { cwd: import.meta.dirname, stdout: "pipe" }).stdout,
    ).text();
    expect(loaded).toContain("commands/search.ts");
    expect(loaded).not.toContain("commands/run.ts");
    expect(loaded).not.toContain("zod");
  });
});
