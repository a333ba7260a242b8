/** What a broken-into monitor is tested with: things of the host to be found, and the intruder who looks for them. */
import { expect } from "bun:test";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";

/** A Perl script: every Debian has Perl, and it can make any system call. */
export const INTRUDER = join(import.meta.dirname, "intruder.test-support.pl");

export interface Bait {
  /** The intruder's arguments. */
  readonly words: readonly string[];
  remove(): void;
}

/** A file in the user's home, a process (this one), a TCP port and an abstract Unix socket that wait for a visitor. */
export async function layBait(): Promise<Bait> {
  const secret = join(homedir(), `.vitrine-test-secret-${process.pid}`);
  writeFileSync(secret, "secret", { mode: 0o644 });
  const abstract = `vitrine-test-${process.pid}`;
  const [port, socket] = [createServer(), createServer()];
  port.listen(0, "127.0.0.1");
  socket.listen(`\0${abstract}`);
  await Promise.all([once(port, "listening"), once(socket, "listening")]);
  return {
    words: [secret, String(process.pid), String((port.address() as AddressInfo).port), abstract],
    remove: () => {
      port.close();
      socket.close();
      rmSync(secret);
    },
  };
}

/** What an intruder reports, by attempt. */
export function outcomes(output: string): Map<string, string> {
  return new Map(
    output
      .trimEnd()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
  );
}

/** What there is to be seen; everything else that is tried must end in an error. */
const SEEN: Readonly<Record<string, string>> = {
  devices: "null,urandom",
  environment: "none",
  "no-new-privileges": "1",
  "capabilities:CapInh": "0000000000000000",
  "capabilities:CapPrm": "0000000000000000",
  "capabilities:CapEff": "0000000000000000",
  "capabilities:CapAmb": "0000000000000000",
};
/** Attempts of which the tests must have heard. */
const MIN_ATTEMPTS = 35;

/**
 * Fails unless the intruder found the process's own `files`, the folder of its `program`, and nothing else, and could do
 * nothing.
 */
export function expectNothingFound(
  found: Map<string, string>,
  files: readonly string[],
  devices = SEEN.devices,
  program = "/usr/bin/",
): void {
  expect(found.size).toBeGreaterThan(MIN_ATTEMPTS);
  const { root, processes, files: filesFound, ...others } = Object.fromEntries(found);
  const known = (name: string) => /^(lib\d*|usr|etc|proc|dev|vm)$/.test(name) || name === program.split("/")[1];
  expect(root?.split(",").filter((name) => !known(name))).toEqual([]);
  expect(processes).toMatch(/^1(,\d+)?$/);
  expect(filesFound).toBe(files.toSorted().join(","));
  const seen: Readonly<Record<string, unknown>> = { ...SEEN, devices };
  for (const [name, outcome] of Object.entries(others)) {
    expect([name, outcome]).toEqual([name, seen[name] ?? expect.stringMatching(/^E[A-Z]+$/)]);
  }
}
