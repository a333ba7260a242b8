/** What a snapshot is for: its key is equal where everything is equal that a saved machine depends on. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { AGENT_PROTOCOL_VERSION } from "../../channel/contract/agent.ts";
import { type Driver, guestFilesOf, type VmSpec } from "../vmm/driver.ts";
import { fileStamp } from "./file-stamp.ts";

/** Raised when snapshots are taken or kept in another way. */
const SNAPSHOT_FORMAT = 2;

/**
 * The key of the snapshot from which `driver` can start this machine; undefined when it can start none from any.
 * `diskBytes`: size of its own disk, if it has one, which need not be there.
 */
export async function snapshotKey(
  driver: Driver,
  spec: VmSpec,
  diskBytes = spec.dataDisk === undefined ? undefined : statSync(spec.dataDisk).size,
): Promise<string | undefined> {
  if (driver.snapshots === undefined) return undefined;
  const facts = await driver.snapshots.facts(spec);
  const files = guestFilesOf(spec).map((path) => [path, fileStamp(path)]);
  // The disk of a sandbox is its own; what a saved machine knows of it is how large it is.
  const disk = diskBytes ?? null;
  return createHash("sha256")
    .update(JSON.stringify([SNAPSHOT_FORMAT, AGENT_PROTOCOL_VERSION, driver.name, facts, files, disk]))
    .digest("hex")
    .slice(0, 16);
}
