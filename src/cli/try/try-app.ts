/** What `vitrine try` does. */
import { VitrineError } from "../../base/error.ts";
import { appOf, type FoundApp, findApps } from "../../host/apps/find-app.ts";
import { openAppSystem, openImageSystem, type SystemFiles } from "../../host/apps/open-system.ts";
import { listImages } from "../../host/image/images.ts";
import { makeWorkFolder } from "../../host/image/work-folder.ts";
import type { NetworkPolicy } from "../../host/network/policy.ts";
import { readConfig } from "../../host/sandbox/config.ts";
import type { Environment } from "../../host/sandbox/directories.ts";
import { removeLogs } from "../../host/sandbox/log-file.ts";
import { loadPolicy, requireSound } from "../../host/sandbox/policy-files.ts";
import { requireCompositor } from "../../host/sandbox/supervisor/compositor.ts";
import type { SupervisorSpec } from "../../host/sandbox/supervisor/supervisor-spec.ts";
import type { TryFlags } from "../commands/try.ts";
import type { CliContext } from "../context.ts";
import { attach } from "../run/attach.ts";
import { handOver, windowsClosed } from "../run/hand-in.ts";
import { launchCommand } from "../run/launch.ts";
import { describeSandbox, startDescribed } from "../run/prepare.ts";
import { launchOf, type RunTarget } from "../run/run-target.ts";
import { statusOfProcess } from "../terminal/exit-status.ts";
import { newTrial } from "./try-name.ts";
import { ReadyMachines, type RunningTrial } from "./try-ready.ts";

/** As `run` without options has it. */
const USUAL_MACHINE = {
  sharedMemory: true,
  snapshots: true,
  memoryMib: undefined,
  driver: undefined,
  confined: true,
} as const;

/** What a trial may reach whose app is not installed. */
const USUAL_NETWORK: NetworkPolicy = { kind: "internet" };

/** What is tried: files that nobody else needs, and what to start. */
interface Trial extends Pick<RunTarget, "argv" | "entry"> {
  readonly files: SystemFiles;
  /** The files are there after this, too. */
  readonly lasting: boolean;
  /** What it may reach unless the user says. */
  readonly network: NetworkPolicy;
}

export async function tryApp(this: CliContext, flags: TryFlags, ...words: string[]): Promise<void> {
  const environment = this.process.env;
  const compositor = flags.display ? requireCompositor(environment) : undefined;
  // What is built for the trial alone is there as long as it lasts.
  using folder = makeWorkFolder();
  const wanted = await findTrial(this, flags.sandbox, words, folder.path);
  const { files, lasting, argv, entry } = wanted;
  const { name } = newTrial();
  const network = flags.network ?? wanted.network;
  const request = { name, image: files.label, files, compositor, network, ...USUAL_MACHINE };
  const spec = { ...(await describeSandbox(this, request)), trial: true };
  const machines = lasting ? ReadyMachines.of(spec, { argv, entry: entry ?? null }, environment) : undefined;
  let next: Promise<void> | undefined;
  const windowShown = () => {
    next ??= machines?.makeNext();
  };
  let trial = await machines?.take();
  if (trial === undefined) trial = await startTrial(this, spec, wanted, windowShown);
  else windowShown();
  const { connection, launched, finish } = trial;
  try {
    this.process.exitCode = statusOfProcess(await attach(launched, { input: false }));
    await windowsClosed(connection);
    await finish?.(launched);
  } finally {
    await connection.stop(false).finally(() => removeLogs(trial.name, environment));
    await next;
  }
}

/** Starts a sandbox and the app in it. */
async function startTrial(
  context: CliContext,
  spec: SupervisorSpec,
  { argv, entry }: Trial,
  windowShown: () => void,
): Promise<RunningTrial> {
  const { name } = spec;
  requireSound(name, await loadPolicy(name, context.process.env));
  const connection = await startDescribed(spec, context.process.env);
  connection.onPhase = (phase) => phase === "firstFrame" && windowShown();
  try {
    const tell = (message: string) => void context.process.stderr.write(`vitrine: ${message}\n`);
    const [first = "", ...rest] = argv;
    const { words: given, finish } = await handOver(connection, entry === undefined ? [] : rest, tell);
    const app = { environment: {}, user: "user", stdio: { kind: "streams" } } as const;
    const launched = await launchCommand(
      connection,
      entry === undefined ? { ...app, argv } : { ...app, argv: [first, ...given], entry },
    );
    return { name, connection, launched, finish };
  } catch (error) {
    await connection.stop(false).finally(() => removeLogs(name, context.process.env));
    throw error;
  }
}

/** An image and a command; an app that is installed; or one that is fetched for this. */
async function findTrial(
  context: CliContext,
  sandbox: string | undefined,
  words: readonly string[],
  folder: string,
): Promise<Trial> {
  const [word = "", ...rest] = words;
  if (sandbox === undefined && listImages().records.some(({ name }) => name === word)) {
    if (rest.length > 0) {
      return { files: await openImageSystem(word), lasting: true, network: USUAL_NETWORK, argv: rest };
    }
    throw new VitrineError("invalid-argument", `Cannot try image "${word}": a command to start in it is wanted`, {
      fix: `vitrine try ${word} -- COMMAND`,
    });
  }
  const environment = context.process.env;
  const found = sandbox === undefined ? findApps(word, environment)[0] : appIn(sandbox, word, environment);
  if (found !== undefined && found.config.system.kind === "apps") {
    const { config, app, entry } = found;
    return {
      files: await openAppSystem(found.config.system, config.name),
      lasting: true,
      network: config.network,
      ...launchOf({ app, entry }, rest, undefined),
    };
  }
  // Most of what installs apps is needed here alone.
  const { fetchForTrial } = await import("./try-fetched.ts");
  const { files, app } = await fetchForTrial(context, word, folder);
  const launch = launchOf({ app, entry: app.entries[0] }, rest, undefined);
  return { files, lasting: false, network: USUAL_NETWORK, ...launch };
}

/** The app that a sandbox has. Throws "not-found". */
function appIn(sandbox: string, word: string, environment: Environment): FoundApp {
  const found = appOf(readConfig(sandbox, environment), word);
  if (found !== undefined) return found;
  throw new VitrineError("not-found", `Cannot try "${word}": sandbox "${sandbox}" does not have it`, {
    fix: `vitrine list, or vitrine try ${word}`,
  });
}
