/** The command line as a whole: its commands, and how it speaks when something is wrong. */
import { type Application, buildApplication, buildRouteMap, text_en } from "@stricli/core";
import { backupCommand } from "./commands/backup.ts";
import { catalogCommands } from "./commands/catalog.ts";
import { cloneCommand } from "./commands/clone.ts";
import { completionCommand } from "./commands/completion.ts";
import { createCommand } from "./commands/create.ts";
import { defaultCommand } from "./commands/default.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { execCommand } from "./commands/exec.ts";
import { imageCommands } from "./commands/image.ts";
import { infoCommand } from "./commands/info.ts";
import { installCommand } from "./commands/install.ts";
import { listCommand } from "./commands/list.ts";
import { logsCommand } from "./commands/logs.ts";
import { networkCommand } from "./commands/network.ts";
import { permissionsCommand } from "./commands/permissions.ts";
import { removeCommand } from "./commands/remove.ts";
import { renameCommand } from "./commands/rename.ts";
import { resetCommand } from "./commands/reset.ts";
import { resizeCommand } from "./commands/resize.ts";
import { restoreCommand } from "./commands/restore.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { runCommand } from "./commands/run.ts";
import { searchCommand } from "./commands/search.ts";
import { setupCommand } from "./commands/setup.ts";
import { shellCommand } from "./commands/shell.ts";
import { stopCommand } from "./commands/stop.ts";
import { traceCommand } from "./commands/trace.ts";
import { tryCommand } from "./commands/try.ts";
import { updateCommand } from "./commands/update.ts";
import type { CliContext } from "./context.ts";
import { statusOfError } from "./exit-status.ts";
import { formatError } from "./report.ts";
import { readVersion } from "./version.ts";

const routes = buildRouteMap({
  routes: {
    search: searchCommand,
    info: infoCommand,
    install: installCommand,
    create: createCommand,
    run: runCommand,
    try: tryCommand,
    exec: execCommand,
    shell: shellCommand,
    list: listCommand,
    stop: stopCommand,
    update: updateCommand,
    rollback: rollbackCommand,
    default: defaultCommand,
    network: networkCommand,
    resize: resizeCommand,
    reset: resetCommand,
    rename: renameCommand,
    clone: cloneCommand,
    backup: backupCommand,
    restore: restoreCommand,
    remove: removeCommand,
    logs: logsCommand,
    catalog: catalogCommands,
    permissions: permissionsCommand,
    trace: traceCommand,
    image: imageCommands,
    doctor: doctorCommand,
    demo: demoCommand,
    setup: setupCommand,
    completion: completionCommand,
  },
  // The same file serves both: to keep, and to take to another machine.
  aliases: { export: "backup", import: "restore" },
  docs: {
    brief: "Desktop applications, each in its own small virtual machine",
    fullDescription:
      "Desktop applications, each in its own small virtual machine, with windows that behave like native ones.\n\n" +
      "Exit statuses: 0 success; 64 wrong usage; 65 damaged data; 66 not found; 69 something is missing on this machine;\n" +
      "70 defect; 71 the sandbox failed; 72 a limit was reached; 73 exists already; 74 input or output failed, disk full;\n" +
      "75 took too long; 76 protocol broken; 77 not allowed; 130 interrupted. run --wait, exec and shell exit as the\n" +
      "command in the sandbox does: its own status, 128+n when signal n ended it, 127 when it is not there.",
  },
});

export const vitrineApplication: Application<CliContext> = buildApplication(routes, {
  name: "vitrine",
  versionInfo: { getCurrentVersion: async () => readVersion() },
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  documentation: { caseStyle: "convert-camel-to-kebab" },
  determineExitCode: statusOfError,
  localization: {
    text: {
      ...text_en,
      noCommandRegisteredForInput: ({ input, corrections }) =>
        `vitrine: no command "${input}"${corrections.length === 0 ? "" : `, did you mean ${corrections.join(" or ")}?`}\n  fix: vitrine --help`,
      exceptionWhileParsingArguments: (error) =>
        `vitrine: ${error instanceof Error ? error.message : String(error)}\n  fix: see --help of the command`,
      exceptionWhileRunningCommand: formatError,
      exceptionWhileLoadingCommandFunction: formatError,
      exceptionWhileLoadingCommandContext: formatError,
      commandErrorResult: formatError,
    },
  },
});
