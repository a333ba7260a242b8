/** Has the snapshot of a sandbox taken whose apps are new, so that already their first start goes on from one. */
import { statSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { startSnapshot } from "../../host/snapshot/start-snapshot.ts";
import type { CliContext } from "../context.ts";
import { describeSandbox } from "./prepare.ts";

/**
 * Starts the process that takes it; it gives way to everybody else. The app is there all the same without: what keeps it from
 * being taken is a warning.
 */
export async function snapshotSandbox(context: CliContext, name: string, confined: boolean): Promise<void> {
  const request = {
    ...{ name, image: undefined, compositor: undefined, sharedMemory: true, snapshots: true },
    ...{ memoryMib: undefined, driver: undefined, confined },
  };
  try {
    const { home, network, ...spec } = await describeSandbox(context, request, { warn: false });
    const disk = home === null ? {} : { dataDiskBytes: statSync(home.path).size };
    startSnapshot({ ...spec, ...disk, network: network !== null });
  } catch (error) {
    const { code, message } = VitrineError.from(error);
    if (code === "cancelled") throw error;
    context.process.stderr.write(`vitrine: no snapshot was taken: ${message}\n`);
  }
}
