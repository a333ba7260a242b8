/** `vitrine trace`: the window protocol between the apps of a sandbox and the compositor, as it passes. */
import { buildCommand, numberParser } from "@stricli/core";
import { TRACE_CATEGORIES, type TraceCategory } from "../../channel/contract/trace.ts";
import type { CliContext } from "../context.ts";
import { sandboxName } from "../names.ts";

export interface TraceFlags {
  readonly client?: number;
  readonly filter?: readonly TraceCategory[];
  readonly json: boolean;
}

export const traceCommand = buildCommand<TraceFlags, [string], CliContext>({
  loader: async () => (await import("../sandboxes/trace.ts")).trace,
  parameters: {
    flags: {
      client: {
        kind: "parsed",
        parse: numberParser,
        optional: true,
        brief: "Only the app connection of this number",
        placeholder: "N",
      },
      filter: {
        kind: "enum",
        values: TRACE_CATEGORIES,
        variadic: ",",
        optional: true,
        brief: "Leave out messages of these kinds",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print one JSON document for each message" },
    },
    positional: { kind: "tuple", parameters: [{ brief: "Sandbox that runs", ...sandboxName }] },
  },
  docs: {
    brief: "Show the Wayland messages of a sandbox's apps",
    fullDescription:
      "Prints each message as it passes, until Ctrl-C or the end of the sandbox:\n\n" +
      "  guest->  from an app, as it came           ->host   to the compositor, with our ids\n" +
      "  <-host   from the compositor, as it came   ->guest  to the app, with its ids\n\n" +
      "Of text only names are shown (titles, MIME types), made safe; of all else the length. Keys that are pressed are shown.\n" +
      "When messages come faster than they can be printed some are left out, and it says how many.\n\n" +
      "  vitrine trace demo --filter motion,frame,shm,delete,region,drawing",
  },
});
