/** Has a snapshot taken in the background. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { snapshotLogPath } from "../sandbox/directories.ts";
import { RUNTIME_FLAGS } from "../sandbox/supervisor/start-supervisor.ts";
import { DRIVER_NAMES } from "../vmm/drivers.ts";
import { snapshotSpecSchema } from "./take-snapshot.ts";

/** What the process is told, on its standard input. */
export const backgroundSpecSchema = z.extend(snapshotSpecSchema, { driver: z.enum(DRIVER_NAMES) });

/** Starts the process that does it, which outlives its starter. Nobody waits for it, and it disturbs nobody. */
export function startSnapshot(spec: z.infer<typeof backgroundSpecSchema>): void {
  const main = join(import.meta.dirname, "snapshot-main.ts");
  const log = openSync(snapshotLogPath(), "a", 0o600);
  const child = spawn(process.execPath, [...RUNTIME_FLAGS, main], {
    detached: true,
    cwd: "/",
    stdio: ["pipe", log, log],
  });
  closeSync(log);
  child.on("error", () => {}); // No snapshot then: the next start is a cold one too.
  child.stdin?.on("error", () => {});
  // Only what it needs of a description that may hold more.
  child.stdin?.end(JSON.stringify(backgroundSpecSchema.parse(spec)));
  child.unref();
}
