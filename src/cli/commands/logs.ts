/** `vitrine logs`: what a sandbox's supervisor, its apps, or its guest's console said. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { sandboxName } from "../names.ts";

interface LogsFlags {
  readonly console: boolean;
  readonly follow: boolean;
}

export const logsCommand = buildCommand<LogsFlags, [string], CliContext>({
  async func({ console, follow }, sandbox) {
    const { VitrineError } = await import("../../base/error.ts");
    const { logPaths } = await import("../../host/sandbox/directories.ts");
    const { readLog } = await import("../sandboxes/read-log.ts");
    const { findSandbox } = await import("../../host/sandbox/record.ts");
    const paths = logPaths(sandbox, this.process.env);
    const path = console ? paths.console : paths.supervisor;
    const found = await readLog(path, (line) => this.process.stdout.write(`${line}\n`), {
      follow: () => follow && findSandbox(sandbox, this.process.env) !== undefined,
    });
    if (!found)
      throw new VitrineError("not-found", `Cannot show logs of "${sandbox}": no sandbox of that name has run`);
  },
  parameters: {
    flags: {
      console: { kind: "boolean", default: false, withNegated: false, brief: "Show the guest's console instead" },
      follow: { kind: "boolean", default: false, withNegated: false, brief: "Go on until the sandbox ends" },
    },
    aliases: { f: "follow" },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Sandbox, running or not", ...sandboxName }],
    },
  },
  docs: {
    brief: "Show what happened in a sandbox",
    fullDescription:
      "The log of its supervisor, with what apps print that were started without --wait. It outlives the sandbox; about 2 MB are kept.",
  },
});
