/** What exec and shell promise; the same against a supervisor without a machine and in a virtual machine. */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Environment, startVitrine, Terminal, VITRINE, vitrine } from "./test-support.ts";

/** How long one of these tests may take, in milliseconds, on a busy machine that emulates. */
const DEADLINE_MS = process.env.VITRINE_SLOW_HOST === "1" ? 960_000 : 120_000;

interface Place {
  /** The sandbox. */
  readonly sandbox: string;
  readonly environment: Environment;
  /** A folder for files of the tests. */
  readonly folder: string;
}

/** Declares the tests; `place` is asked when they run. */
export function testProcessCommands(place: () => Place): void {
  const exec = (command: readonly string[], input?: string | Uint8Array) =>
    vitrine(["exec", place().sandbox, "--", ...command], place().environment, input);
  /** A shell command line in which "$@" is an exec of `command`. */
  const shellWith = (script: string, command: readonly string[]) => {
    const { sandbox, environment } = place();
    const words = [...VITRINE, "exec", sandbox, "--", ...command];
    return spawn("sh", ["-c", script, "sh", ...words], { env: environment });
  };

  describe("exec", () => {
    test(
      "streams are apart, and the status is the command's",
      async () => {
        const { status, out, errors } = await exec(["sh", "-c", "cat; echo problem >&2; exit 5"], "given");
        expect({ status, out: out.toString(), errors }).toEqual({ status: 5, out: "given", errors: "problem\n" });
      },
      DEADLINE_MS,
    );

    test(
      "bytes pass unchanged, in both directions, from pipes and from files",
      async () => {
        const bytes = new Uint8Array(3_000_000).map((_, index) => (index * 7919) >> (index % 11));
        expect(Buffer.compare((await exec(["cat"], bytes)).out, bytes)).toBe(0);
        const [from, to] = [join(place().folder, "from"), join(place().folder, "to")];
        writeFileSync(from, bytes);
        expect(await once(shellWith(`"$@" <"${from}" >"${to}"`, ["cat"]), "exit")).toEqual([0, null]);
        expect(Buffer.compare(readFileSync(to), bytes)).toBe(0);
      },
      DEADLINE_MS,
    );

    test(
      "no such command, a signal, and a reader that has gone",
      async () => {
        const missing = await exec(["no-such-command-here"]);
        expect(missing.status).toBe(127);
        expect(missing.errors).toContain("no-such-command-here");
        expect((await exec(["sh", "-c", "kill -9 $$"])).status).toBe(137);
        const shell = shellWith('"$@" | head -c 5; echo', ["yes"]);
        const [chunk] = await once(shell.stdout, "data");
        expect(String(chunk)).toStartWith("y\ny\ny");
        expect(await once(shell, "exit")).toEqual([0, null]);
      },
      DEADLINE_MS,
    );

    test(
      "Ctrl-C goes to the command",
      async () => {
        const script = "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.05; done";
        const { sandbox, environment } = place();
        const child = startVitrine(["exec", sandbox, "--", "sh", "-c", script], environment);
        let out = "";
        child.stdout?.on("data", (chunk: Buffer) => {
          if (out === "") child.kill("SIGINT");
          out += chunk;
        });
        expect(await once(child, "close")).toEqual([3, null]);
        expect(out).toBe("ready\ncaught\n");
      },
      DEADLINE_MS,
    );

    test(
      "output that a background process holds open does not keep the command",
      async () => {
        const { status, out } = await exec(["sh", "-c", "sleep 1000 & echo started"]);
        expect({ status, out: out.toString() }).toEqual({ status: 0, out: "started\n" });
      },
      DEADLINE_MS,
    );
  });

  describe("shell", () => {
    test(
      "is a terminal of this one's size, passes Ctrl-C on, and leaves the terminal as it was",
      async () => {
        const { sandbox, environment } = place();
        using terminal = new Terminal(["shell", sandbox, "--", "sh"], environment, { rows: 30, columns: 90 });
        terminal.type("stty size; tty\n");
        await terminal.see("30 90");
        await terminal.see("/dev/pts/");
        expect(terminal.mode()).not.toBe(terminal.initialMode);
        terminal.resize({ rows: 12, columns: 34 });
        terminal.type("until [ \"$(stty size)\" = '12 34' ]; do :; done; echo re''sized\n");
        await terminal.see("resized");
        // It says itself that it runs: what is pressed between a shell's fork and its child's taking the terminal is the
        // shell's, not the child's.
        terminal.type("sh -c 'echo wai\"\"ting; exec sleep 1000'\n");
        await terminal.see("waiting");
        terminal.type("\u0003");
        terminal.type("echo inter''rupted\n");
        await terminal.see("interrupted");
        terminal.type("exit 6\n");
        expect(await terminal.ended()).toBe(6);
        expect(terminal.mode()).toBe(terminal.initialMode);
      },
      DEADLINE_MS,
    );
  });
}
