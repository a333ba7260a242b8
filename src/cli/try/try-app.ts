/** What `vitrine try` does. */
import { VitrineError } from "../../base/error.ts";
import { findApps } from "../../host/apps/find-app.ts";
import { openAppSystem, openImageSystem, type SystemFiles } from "../../host/apps/open-system.ts";
import { listImages } from "../../host/image/images.ts";
import { makeWorkFolder } from "../../host/image/work-folder.ts";
import { requireCompositor } from "../../host/sandbox/compositor.ts";
import { removeLogs } from "../../host/sandbox/log-file.ts";
import { loadPolicy, requireSound } from "../../host/sandbox/policy-files.ts";
import type { SupervisorSpec } from "../../host/sandbox/supervisor-spec.ts";
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

/** What is tried: files that nobody else needs, and what to start. `lasting`: the files are there after this, too. */
type Trial = { readonly files: SystemFiles; readonly lasting: boolean } & Pick<RunTarget, "argv" | "entry">;

export async function tryApp(this: CliContext, flags: TryFlags, ...words: string[]): Promise<void> {
  const environment = this.process.env;
  const compositor = flags.display ? requireCompositor(environment) : undefined;
  // What is built for the trial alone is there as long as it lasts.
  using folder = makeWorkFolder();
  const wanted = await findTrial(this, words, folder.path);
  const { files, lasting, argv, entry } = wanted;
  const { name } = newTrial();
  const { network } = flags;
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
async function findTrial(context: CliContext, words: readonly string[], folder: string): Promise<Trial> {
  const [word = "", ...rest] = words;
  if (listImages().records.some(({ name }) => name === word)) {
    if (rest.length > 0) return { files: await openImageSystem(word), lasting: true, argv: rest };
    throw new VitrineError("invalid-argument", `Cannot try image "${word}": a command to start in it is wanted`, {
      fix: `vitrine try ${word} -- COMMAND`,
    });
  }
  const [found] = findApps(word, context.process.env);
  if (found !== undefined && found.config.system.kind === "apps") {
    const { config, app, entry } = found;
    return {
      files: await openAppSystem(found.config.system, config.name),
      lasting: true,
      ...launchOf({ app, entry }, rest, undefined),
    };
  }
  // Most of what installs apps is needed here alone.
  const { fetchForTrial } = await import("./try-fetched.ts");
  const { files, app } = await fetchForTrial(context, word, folder);
  return { files, lasting: false, ...launchOf({ app, entry: app.entries[0] }, rest, undefined) };
}
