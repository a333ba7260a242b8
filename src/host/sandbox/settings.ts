/**
 * What a user may set for all sandboxes: $XDG_CONFIG_HOME/vitrine/settings.json, which need not be there.
 *
 *     {"readyMachines": 0}
 */
import * as z from "zod/mini";
import { readUserSettings } from "../files/user-settings.ts";
import { configDirectory, type Environment } from "./directories.ts";
import { MAX_READY_MACHINES } from "./ready/ready-pool.ts";

const schema = z.strictObject({
  /** Machines in which an app has started before anybody tries it, at most; 0: none. */
  readyMachines: z.optional(z.int().check(z.minimum(0), z.maximum(MAX_READY_MACHINES))),
});

export interface Settings {
  readonly readyMachines: number;
}

/** Throws "invalid-argument" when the file is not right. */
export function readSettings(environment: Environment = process.env): Settings {
  const path = `${configDirectory(environment)}/settings.json`;
  return { readyMachines: readUserSettings(path, schema)?.readyMachines ?? MAX_READY_MACHINES };
}
