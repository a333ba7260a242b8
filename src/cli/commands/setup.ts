/** `vitrine setup`: packages are installed by the bootstrap before this program is reached; the timer is set up here. */
import { buildCommand } from "@stricli/core";
import { VitrineError } from "../../base/error.ts";
import type { CliContext } from "../context.ts";

export const setupCommand = buildCommand<{ timer?: boolean }, string[], CliContext>({
  async func({ timer }) {
    if (timer === undefined) {
      throw new VitrineError("invalid-argument", "Cannot set up from here: only ./vitrine itself can", {
        fix: "./vitrine setup",
      });
    }
    const { setUpTimer } = await import("../apps/update-timer.ts");
    setUpTimer(this, timer);
  },
  parameters: {
    flags: {
      timer: {
        kind: "boolean",
        optional: true,
        brief: "Update all apps once a day (a timer of systemd); --no-timer ends that",
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "headless, test: also what these need", parse: String, placeholder: "GROUP" },
    },
  },
  docs: { brief: "Install what Vitrine needs (asks first), and have apps updated every day" },
});
