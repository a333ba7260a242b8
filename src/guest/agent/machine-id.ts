/** The identity of the guest's system, machine-id(5): programs tell machines apart by it. */
import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { findInRoot } from "./resolve-command.ts";

/** Writes /etc/machine-id of the app root, which may be any system's tree: no link in it leads out. */
export function writeMachineId(appRoot: string, id: string): void {
  const folder = findInRoot(appRoot, "/etc");
  if (folder?.stats.isDirectory() !== true) return;
  const path = join(folder.outside, "machine-id");
  rmSync(path, { force: true });
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o444);
  try {
    writeSync(file, `${id}\n`);
  } finally {
    closeSync(file);
  }
}
