/** Files that users write by hand, and that need not be there. */
import { readFileSync } from "node:fs";
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";

/**
 * Reads the JSON file at `path`; undefined when there is none. Throws "invalid-argument", naming the first thing that is not
 * as `schema` wants it, and what mends that.
 */
export function readUserSettings<T>(path: string, schema: z.ZodMiniType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const issue = cause instanceof z.core.$ZodError ? cause.issues[0] : undefined;
    const why = issue === undefined ? "it is no JSON" : `${issue.path.join(".") || "it"}: ${issue.message}`;
    throw new VitrineError("invalid-argument", `Cannot use "${path}": ${why}`, {
      cause,
      fix: `edit or remove ${path}`,
    });
  }
}
