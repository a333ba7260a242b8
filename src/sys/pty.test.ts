import { describe, expect, test } from "bun:test";
import { readSync } from "node:fs";
import type { OwnedFd } from "./fd.ts";
import { watch } from "./loop.ts";
import { openPty, setWindowSize } from "./pty.ts";
import { readSome, writeSome } from "./socket.ts";
import { descriptorFlags, failure } from "./test-support.ts";

/** Collects what the terminal's programs write until `until` has been seen, or the end when it is undefined. */
async function readTerminal(controller: OwnedFd, until?: string): Promise<string> {
  let text = "";
  const into = new Uint8Array(4096);
  await new Promise<void>((resolve) => {
    const watching = watch(controller, { readable: true }, () => {
      const count = readSome(controller, into);
      if (count === "again") return;
      text += new TextDecoder().decode(into.subarray(0, count));
      if (count !== 0 && (until === undefined || !text.includes(until))) return;
      watching.close();
      resolve();
    });
  });
  return text;
}

function spawnOn(peer: OwnedFd, command: readonly string[]): Bun.Subprocess {
  return Bun.spawn([...command], { stdin: peer.raw, stdout: peer.raw, stderr: peer.raw });
}

describe("openPty", () => {
  test("what is typed is echoed and reaches the program; both ends are close-on-exec", async () => {
    const { controller, peer } = openPty({ rows: 24, columns: 80 });
    expect(descriptorFlags(controller.raw)).toEqual({ closeOnExec: true, nonBlocking: true });
    expect(descriptorFlags(peer.raw)).toEqual({ closeOnExec: true, nonBlocking: false });
    writeSome(controller, new TextEncoder().encode("hello\n"));
    expect(await readTerminal(controller, "\n")).toBe("hello\r\n");
    const line = new Uint8Array(64);
    expect(new TextDecoder().decode(line.subarray(0, readSync(peer.raw, line)))).toBe("hello\n");
    peer.close();
    expect(readSome(controller, line)).toBe(0);
    controller.close();
  });

  test("has the size asked for, and takes another through either end", async () => {
    const { controller, peer } = openPty({ rows: 7, columns: 333 });
    const size = async (): Promise<string> => {
      const child = spawnOn(peer, ["stty", "size"]);
      const text = await readTerminal(controller, "\n");
      expect(await child.exited).toBe(0);
      return text;
    };
    expect(await size()).toBe("7 333\r\n");
    setWindowSize(controller, { rows: 50, columns: 100 });
    expect(await size()).toBe("50 100\r\n");
    setWindowSize(peer, { rows: 1, columns: 2 });
    expect(await size()).toBe("1 2\r\n");
    peer.close();
    controller.close();
  });

  test("can become a session's controlling terminal: Ctrl-C interrupts, a resize is signalled", async () => {
    const { controller, peer } = openPty({ rows: 24, columns: 80 });
    const script =
      "trap 'echo caught; exit 42' INT; trap 'echo resized' WINCH; echo ready; while :; do sleep 0.05; done";
    const child = spawnOn(peer, ["setsid", "--ctty", "--wait", "sh", "-c", script]);
    peer.close();
    expect(await readTerminal(controller, "ready\r\n")).toBe("ready\r\n");
    setWindowSize(controller, { rows: 25, columns: 80 });
    expect(await readTerminal(controller, "resized\r\n")).toBe("resized\r\n");
    writeSome(controller, new Uint8Array([3]));
    expect(await readTerminal(controller)).toBe("^Ccaught\r\n");
    expect(await child.exited).toBe(42);
    controller.close();
  });

  test("a descriptor that is no terminal has no size", () => {
    const { controller, peer } = openPty({ rows: 1, columns: 1 });
    controller.close();
    peer.close();
    expect(failure(() => setWindowSize(peer, { rows: 1, columns: 1 }))).toMatchObject({ code: "internal" });
  });
});
