/** What is written down about a sandbox that runs: enough to list it when its supervisor is too busy to answer. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import * as z from "zod/mini";
import {
  checkSandboxName,
  type Environment,
  runtimeDirectory,
  type SandboxPaths,
  sandboxPaths,
} from "./directories.ts";
import { isLocked } from "./lock.ts";
import { removeLogs } from "./log-file.ts";
import type { SupervisorSpec } from "./supervisor/supervisor-spec.ts";

const recordSchema = z.object({
  name: z.string(),
  image: z.string(),
  supervisorPid: z.int(),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  /** Milliseconds since 1970 when it was last used; null while it has a window, or somebody is connected to it. */
  idleSince: z.nullable(z.number()),
  /** It has given back what it does not need since then. */
  shrunk: z.boolean(),
  /** Nothing of it outlives it, its logs neither. */
  trial: z.optional(z.boolean()),
  /** It holds an app that waits to be adopted, or is being started for that; see ready-key.ts. */
  ready: z.optional(z.object({ key: z.string(), start: z.string(), state: z.enum(["preparing", "ready"]) })),
});
export type SandboxRecord = z.infer<typeof recordSchema>;

/** What can be said of a sandbox from outside: its supervisor has only begun, or has written its record. */
export type SandboxEntry =
  | { kind: "beginning"; name: string }
  | { kind: "recorded"; name: string; record: SandboxRecord };

/** What the supervisor that this is says of its sandbox all along. */
export function ownRecord(
  { name, image, trial }: Pick<SupervisorSpec, "name" | "image" | "trial">,
  startedAt: number,
): Omit<SandboxRecord, "idleSince" | "shrunk" | "ready"> {
  return { name, image, supervisorPid: process.pid, startedAt, ...(trial === undefined ? {} : { trial }) };
}

/** Writes the record whole or not at all. Only for the holder of the lock. */
export function writeRecord(paths: SandboxPaths, record: SandboxRecord): void {
  const unfinished = `${paths.record}.new`;
  writeFileSync(unfinished, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(unfinished, paths.record);
}

/** The sandbox `name`, or undefined when none runs; what a crashed one left behind is removed. */
export function findSandbox(name: string, environment: Environment = process.env): SandboxEntry | undefined {
  const paths = sandboxPaths(name, environment);
  const record = readRecord(paths.record);
  if (!isLocked(paths)) {
    if (record?.trial === true) removeLogs(name, environment);
    return undefined;
  }
  return record === undefined ? { kind: "beginning", name } : { kind: "recorded", name, record };
}

/** Every sandbox that runs, by name; what crashed ones left behind is removed. */
export function listSandboxes(environment: Environment = process.env): SandboxEntry[] {
  return readdirSync(runtimeDirectory(environment), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isSandboxName(entry.name))
    .flatMap((entry) => findSandbox(entry.name, environment) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The records of sandboxes whose supervisors live, without a look at their locks: for supervisors, which are many. */
export function readRecords(environment: Environment = process.env): SandboxRecord[] {
  return readdirSync(runtimeDirectory(environment))
    .filter(isSandboxName)
    .flatMap((name) => readRecord(sandboxPaths(name, environment).record) ?? [])
    .filter(({ supervisorPid }) => existsSync(`/proc/${supervisorPid}`));
}

function readRecord(path: string): SandboxRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Not written yet, or removed in this moment: the lock is what counts.
    return undefined;
  }
}

function isSandboxName(name: string): boolean {
  try {
    checkSandboxName(name);
    return true;
  } catch {
    return false;
  }
}
