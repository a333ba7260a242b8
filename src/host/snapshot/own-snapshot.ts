/** The snapshot for a sandbox's own machine, taken before that starts: for one that nobody waits for. */
import { VitrineError } from "../../base/error.ts";
import type { LogFile } from "../sandbox/log-file.ts";
import type { SupervisorSpec } from "../sandbox/supervisor/supervisor-spec.ts";
import type { Driver } from "../vmm/driver.ts";

/**
 * Makes sure that the machine of `spec`, which has no disk of its own, can go on from a snapshot: one that was booted costs
 * the host twice the memory. Rejects with "cancelled" only; without a snapshot the machine boots.
 */
export async function ensureOwnSnapshot(
  spec: SupervisorSpec,
  driver: Driver,
  log: LogFile,
  signal: AbortSignal,
): Promise<void> {
  if (!spec.snapshots) return;
  const { ensureSnapshot, snapshotSpecSchema } = await import("./take-snapshot.ts");
  try {
    await ensureSnapshot(driver, snapshotSpecSchema.parse({ ...spec, network: spec.network !== null }), { signal });
  } catch (error) {
    const { code, message } = VitrineError.from(error);
    if (code === "cancelled") throw error;
    log.entry("warning", `no snapshot could be taken: ${message}`);
  }
}
