/**
 * The process that takes a snapshot in the background: reads what of from its standard input, gives way to everybody else,
 * and ends. It belongs to no sandbox: whoever started it may end before. What it dies of is in its log.
 */
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { VitrineError } from "../../base/error.ts";
import { snapshotLogPath } from "../sandbox/directories.ts";
import { LogFile } from "../sandbox/log-file.ts";
import { createDriver } from "../vmm/drivers.ts";
import { backgroundSpecSchema } from "./start-snapshot.ts";
import { ensureSnapshot } from "./take-snapshot.ts";

/** As nice as can be; what it starts is so too. */
const NICENESS = 19;

const log = new LogFile(snapshotLogPath());
const cancelled = new AbortController();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => cancelled.abort());
try {
  setPriority(NICENESS);
  const { driver, ...spec } = backgroundSpecSchema.parse(JSON.parse(readFileSync(0, "utf8")));
  const began = Date.now();
  const outcome = await ensureSnapshot(await createDriver(driver), spec, { signal: cancelled.signal });
  log.entry("info", `snapshot of "${spec.appImage}": ${outcome} after ${Date.now() - began} ms`);
} catch (error) {
  log.entry("error", VitrineError.from(error).message);
  process.exitCode = 1;
} finally {
  log.close();
}
process.exit();
