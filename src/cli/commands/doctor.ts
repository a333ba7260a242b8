/** `vitrine doctor`: what this machine can do, what is missing, and what mends it. */
import { buildCommand } from "@stricli/core";
import { type CliContext, writeJson } from "../context.ts";

export const doctorCommand = buildCommand<{ json: boolean }, [], CliContext>({
  async func({ json }) {
    const { examine } = await import("../doctor/examine.ts");
    const { EXIT_OK, EXIT_UNAVAILABLE } = await import("../terminal/exit-status.ts");
    const findings = await examine(this);
    if (json) writeJson(this, findings);
    for (const { state, name, detail, fix } of json ? [] : findings) {
      this.process.stdout.write(`${state.padEnd(4)}  ${name}: ${detail}\n`);
      if (fix !== undefined) this.process.stdout.write(`      fix: ${fix}\n`);
    }
    this.process.exitCode = findings.some((finding) => finding.state === "fail") ? EXIT_UNAVAILABLE : EXIT_OK;
  },
  parameters: {
    flags: { json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" } },
  },
  docs: {
    brief: "Check what this machine can do",
    fullDescription: "Exit status: 0 when apps can run, 69 when something must be mended first.",
  },
});
