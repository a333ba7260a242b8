/** `vitrine exec`: runs a command in a sandbox that runs, with this command's own standard streams. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { sandboxName } from "../names.ts";

interface ExecFlags {
  readonly user: "user" | "root";
  readonly directory?: string;
}

export const execCommand = buildCommand<ExecFlags, [string, ...string[]], CliContext>({
  async func(flags, sandbox, ...argv) {
    const { connectSandbox } = await import("../../host/sandbox/supervisor/control-client.ts");
    const { launchCommand } = await import("../run/launch.ts");
    const { attach } = await import("../run/attach.ts");
    const { statusOfProcess } = await import("../terminal/exit-status.ts");
    const connection = await connectSandbox(sandbox, this.process.env);
    try {
      const launched = await launchCommand(connection, {
        argv,
        environment: {},
        user: flags.user,
        stdio: { kind: "streams" },
        ...(flags.directory === undefined ? {} : { directory: flags.directory }),
      });
      this.process.exitCode = statusOfProcess(await attach(launched, { input: true }));
    } finally {
      connection.close();
    }
  },
  parameters: {
    flags: {
      user: {
        kind: "enum",
        values: ["user", "root"],
        default: "user",
        brief: "Whom the command runs as in the sandbox",
      },
      directory: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Folder to start in (default: the home)",
        placeholder: "PATH",
      },
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "The sandbox, then the command and its arguments",
        ...sandboxName,
        placeholder: "SANDBOX -- COMMAND",
      },
      minimum: 2,
    },
  },
  docs: {
    brief: "Run a command in a running sandbox",
    fullDescription:
      "Standard input, output and error are the command's own, byte for byte; signals are passed on.\n\n" +
      "  tar c pictures | vitrine exec demo -- tar x\n\n" +
      "Exit status: the command's, 128+n if signal n ended it, 127 if it is not there.",
  },
});
