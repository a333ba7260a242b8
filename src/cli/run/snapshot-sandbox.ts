/** Has the snapshot of a sandbox taken whose apps are new, so that already their first start goes on from one. */
import { statSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { startSnapshot } from "../../host/snapshot/start-snapshot.ts";
import type { CliContext } from "../context.ts";
import { describeSandbox } from "./prepare.ts";

/**
 * Starts the process that takes it; it gives way to everybody else. The apps are there all the same without: what keeps it from
 * being taken is a warning, and nothing when it was Ctrl-C. With `ifUsed`, only for a sandbox that has been started before.
 */
export async function snapshotSandbox(
  context: CliContext,
  name: string,
  { confined, ifUsed }: { confined: boolean; ifUsed: boolean },
): Promise<void> {
  const request = {
    ...{ name, image: undefined, compositor: undefined, sharedMemory: true, snapshots: true },
    ...{ memoryMib: undefined, driver: undefined, confined },
  };
  try {
    const { home, network, ...spec } = await describeSandbox(context, request, { warn: false });
    if (ifUsed && home?.unused !== false) return;
    const disk = home === null ? {} : { dataDiskBytes: statSync(home.path).size };
    startSnapshot({ ...spec, ...disk, network: network !== null });
  } catch (error) {
    const { code, message } = VitrineError.from(error);
    if (code === "cancelled") return;
    context.process.stderr.write(`vitrine: no snapshot was taken: ${message}\n`);
  }
}
