/** Ready machines from outside: having one made in the background, where it is of use, and ending them. */
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../../base/error.ts";
import { DEFAULT_MEMORY_MIB } from "../../vmm/driver.ts";
import { type Environment, readyLogPath, runtimeDirectory } from "../directories.ts";
import { LogFile } from "../log-file.ts";
import { readHostMemory } from "../memory/low-memory.ts";
import { readRecords } from "../record.ts";
import { findConnection } from "../supervisor/control-client.ts";
import { startSupervisor } from "../supervisor/start-supervisor.ts";
import type { SupervisorSpec } from "../supervisor/supervisor-spec.ts";
import { hasRoom } from "./ready-pool.ts";

/** How long an app that could not be made ready is not tried again, in milliseconds. */
export const READY_REFUSAL_MS = 6 * 60 * 60_000;
/** Beside the folders of sandboxes, of which none can have such a name. */
const REFUSED = "REFUSED-";

/**
 * Starts the supervisor of a ready machine, unless there is one for that key, memory is not plentiful, or it came to nothing
 * not long ago. Nobody waits for it. Never rejects: what came of it is in the log of ready machines.
 */
export async function startReady(
  spec: SupervisorSpec & { readonly ready: NonNullable<SupervisorSpec["ready"]> },
  environment: Environment = process.env,
): Promise<void> {
  const { key } = spec.ready;
  if (readRecords(environment).some(({ ready }) => ready?.key === key) || isRefused(key, environment)) return;
  const guestBytes = (spec.memoryMib ?? DEFAULT_MEMORY_MIB) * 1024 * 1024;
  try {
    if (!hasRoom(readHostMemory(), guestBytes))
      throw new VitrineError("unavailable", `Cannot make "${spec.image}" ready: memory is not plentiful`);
    (await startSupervisor(spec, environment))?.close();
  } catch (error) {
    logReady("warning", VitrineError.from(error).message, environment);
  }
}

/** Ends those that there are: what they were made of is about to be, or was, replaced. Never rejects. */
export async function endReady(environment: Environment = process.env): Promise<void> {
  const waiting = readRecords(environment).filter(({ ready }) => ready !== undefined);
  const end = async (name: string) => (await findConnection(name, environment))?.stop(true);
  await Promise.allSettled(waiting.map(({ name }) => end(name)));
}

/** Writes into the log that all ready machines have. */
export function logReady(severity: "info" | "warning", message: string, environment: Environment = process.env): void {
  const log = new LogFile(readyLogPath(environment));
  log.entry(severity, message);
  log.close();
}

/** Notes that the app of this key cannot be made ready. */
export function refuseReady(key: string, environment: Environment = process.env): void {
  const folder = runtimeDirectory(environment);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(REFUSED) && !isRefused(name.slice(REFUSED.length), environment))
      rmSync(join(folder, name), { force: true });
  }
  writeFileSync(join(folder, `${REFUSED}${key}`), "");
}

function isRefused(key: string, environment: Environment): boolean {
  const status = statSync(join(runtimeDirectory(environment), `${REFUSED}${key}`), { throwIfNoEntry: false });
  return status !== undefined && Date.now() - status.mtimeMs < READY_REFUSAL_MS;
}
