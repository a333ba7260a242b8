/** `vitrine default`: which files an app opens. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { installedName } from "../names.ts";

export interface DefaultFlags {
  readonly all: boolean;
  readonly none: boolean;
  readonly json: boolean;
}

export const defaultCommand = buildCommand<DefaultFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../apps/default-apps.ts")).runDefault,
  parameters: {
    flags: {
      all: { kind: "boolean", default: false, withNegated: false, brief: "All types that it can open" },
      none: { kind: "boolean", default: false, withNegated: false, brief: "No types any more" },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
    },
    positional: {
      kind: "array",
      parameter: { brief: "App, then the types it shall open (text/plain)", ...installedName },
      minimum: 1,
    },
  },
  docs: {
    brief: "Show and set which files an app opens on your desktop",
    fullDescription:
      "An app opens no files until it is told to here; then it is the first choice for them. Without types, those that it\n" +
      "says it can open are listed.\n\n" +
      "  vitrine default org.gnome.TextEditor\n" +
      "  vitrine default org.gnome.TextEditor text/plain",
  },
});
