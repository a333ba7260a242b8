/** `vitrine setup`: done by the bootstrap before this program is reached; here so that --help knows it. */
import { buildCommand } from "@stricli/core";
import { VitrineError } from "../../base/error.ts";
import type { CliContext } from "../context.ts";

export const setupCommand = buildCommand<Record<never, never>, string[], CliContext>({
  func() {
    throw new VitrineError("invalid-argument", "Cannot set up from here: only ./vitrine itself can", {
      fix: "./vitrine setup",
    });
  },
  parameters: {
    positional: {
      kind: "array",
      parameter: { brief: "headless, test: also what these need", parse: String, placeholder: "GROUP" },
    },
  },
  docs: { brief: "Install what Vitrine needs (asks first)" },
});
