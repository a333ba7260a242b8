/** The command line as a whole: its commands, and how it speaks when something is wrong. */
import {
  type Application,
  buildApplication,
  buildRouteMap,
  type Command,
  type PartialApplicationConfiguration,
  type RouteMap,
  text_en,
} from "@stricli/core";
import type { CliContext } from "./context.ts";
import { statusOfError } from "./terminal/exit-status.ts";
import { formatError } from "./terminal/report.ts";
import { readVersion } from "./version.ts";

/** Every command, in the order of the help. Each is loaded when it is asked for: to load all takes longer than most run. */
const COMMANDS = {
  search: () => import("./commands/search.ts").then((module) => module.searchCommand),
  info: () => import("./commands/info.ts").then((module) => module.infoCommand),
  install: () => import("./commands/install.ts").then((module) => module.installCommand),
  create: () => import("./commands/create.ts").then((module) => module.createCommand),
  run: () => import("./commands/run.ts").then((module) => module.runCommand),
  try: () => import("./commands/try.ts").then((module) => module.tryCommand),
  exec: () => import("./commands/exec.ts").then((module) => module.execCommand),
  shell: () => import("./commands/shell.ts").then((module) => module.shellCommand),
  list: () => import("./commands/list.ts").then((module) => module.listCommand),
  stop: () => import("./commands/stop.ts").then((module) => module.stopCommand),
  update: () => import("./commands/update.ts").then((module) => module.updateCommand),
  rollback: () => import("./commands/rollback.ts").then((module) => module.rollbackCommand),
  default: () => import("./commands/default.ts").then((module) => module.defaultCommand),
  network: () => import("./commands/network.ts").then((module) => module.networkCommand),
  resize: () => import("./commands/resize.ts").then((module) => module.resizeCommand),
  reset: () => import("./commands/reset.ts").then((module) => module.resetCommand),
  rename: () => import("./commands/rename.ts").then((module) => module.renameCommand),
  clone: () => import("./commands/clone.ts").then((module) => module.cloneCommand),
  backup: () => import("./commands/backup.ts").then((module) => module.backupCommand),
  restore: () => import("./commands/restore.ts").then((module) => module.restoreCommand),
  remove: () => import("./commands/remove.ts").then((module) => module.removeCommand),
  logs: () => import("./commands/logs.ts").then((module) => module.logsCommand),
  catalog: () => import("./commands/catalog.ts").then((module) => module.catalogCommands),
  permissions: () => import("./commands/permissions.ts").then((module) => module.permissionsCommand),
  trace: () => import("./commands/trace.ts").then((module) => module.traceCommand),
  image: () => import("./commands/image.ts").then((module) => module.imageCommands),
  doctor: () => import("./commands/doctor.ts").then((module) => module.doctorCommand),
  demo: () => import("./commands/demo.ts").then((module) => module.demoCommand),
  setup: () => import("./commands/setup.ts").then((module) => module.setupCommand),
  completion: () => import("./commands/completion.ts").then((module) => module.completionCommand),
} satisfies Record<string, () => Promise<Command<CliContext> | RouteMap<CliContext>>>;

type CommandName = keyof typeof COMMANDS;

/** The same file serves both: to keep, and to take to another machine. */
const ALIASES: Readonly<Record<string, CommandName>> = { export: "backup", import: "restore" };

/**
 * The command line; with the name of a command, one that knows no other. Any other word gets all of them, and so help and
 * corrections.
 */
export async function vitrineApplication(word?: string): Promise<Application<CliContext>> {
  const name = word === undefined ? undefined : (ALIASES[word] ?? word);
  const all = Object.keys(COMMANDS) as CommandName[];
  const wanted = all.filter((one) => one === name);
  return application(wanted.length > 0 ? wanted : all);
}

async function application(names: readonly CommandName[]): Promise<Application<CliContext>> {
  const loaded = await Promise.all(names.map(async (name) => [name, await COMMANDS[name]()] as const));
  const aliases = Object.entries(ALIASES).filter(([, name]) => names.includes(name));
  const routes = buildRouteMap<string, CliContext>({
    routes: Object.fromEntries(loaded),
    aliases: Object.fromEntries(aliases),
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
  return buildApplication(routes, CONFIGURATION);
}

const CONFIGURATION: PartialApplicationConfiguration = {
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
};
