/**
 * What a user may set for all sandboxes: $XDG_CONFIG_HOME/vitrine/settings.json, which need not be there.
 *
 *     {"readyMachines": 0}
 */
import { readFileSync } from "node:fs";
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
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
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { readyMachines: MAX_READY_MACHINES };
    throw error;
  }
  try {
    const { readyMachines = MAX_READY_MACHINES } = schema.parse(JSON.parse(text));
    return { readyMachines };
  } catch (cause) {
    const issue = cause instanceof z.core.$ZodError ? cause.issues[0] : undefined;
    const why = issue === undefined ? "it is no JSON" : `${issue.path.join(".") || "it"}: ${issue.message}`;
    throw new VitrineError("invalid-argument", `Cannot use "${path}": ${why}`, {
      cause,
      fix: `edit or remove ${path}`,
    });
  }
}
