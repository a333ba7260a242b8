/** What `vitrine try` does. */
import { randomBytes } from "node:crypto";
import { VitrineError } from "../base/error.ts";
import { findApps } from "../host/apps/find-app.ts";
import { buildSystem } from "../host/apps/install.ts";
import { openAppSystem, openImageSystem, type SystemFiles } from "../host/apps/open-system.ts";
import { openBase } from "../host/image/base-image.ts";
import { listImages } from "../host/image/images.ts";
import { makeWorkFolder } from "../host/image/work-folder.ts";
import { requireCompositor } from "../host/sandbox/compositor.ts";
import { removeLogs } from "../host/sandbox/log-file.ts";
import { attach } from "./attach.ts";
import type { TryFlags } from "./commands/try.ts";
import type { CliContext } from "./context.ts";
import { statusOfProcess } from "./exit-status.ts";
import { DEFAULT_RELEASE } from "./flags.ts";
import { handOver, windowsClosed } from "./hand-in.ts";
import { findWanted, withBuildOptions, withStages } from "./install-apps.ts";
import { launchCommand } from "./launch.ts";
import { openSandbox } from "./prepare.ts";
import { launchOf, type RunTarget } from "./run-target.ts";

/** As `run` without options has it. */
const USUAL_MACHINE = {
  sharedMemory: true,
  snapshots: true,
  memoryMib: undefined,
  driver: undefined,
  confined: true,
} as const;

/** What is tried: files that nobody else needs, and what to start. */
type Trial = { readonly files: SystemFiles } & Pick<RunTarget, "argv" | "entry">;

export async function tryApp(this: CliContext, flags: TryFlags, ...words: string[]): Promise<void> {
  const compositor = flags.display ? requireCompositor(this.process.env) : undefined;
  // What is built for the trial alone is there as long as it lasts.
  using folder = makeWorkFolder();
  const { files, argv, entry } = await findTrial(this, words, folder.path);
  const name = `try-${randomBytes(4).toString("hex")}`;
  const { network } = flags;
  const connection = await openSandbox(this, {
    name,
    image: files.label,
    files,
    compositor,
    network,
    ...USUAL_MACHINE,
  });
  try {
    const tell = (message: string) => void this.process.stderr.write(`vitrine: ${message}\n`);
    const [name = "", ...rest] = argv;
    const { words: given, finish } = await handOver(connection, entry === undefined ? [] : rest, tell);
    const app = { environment: {}, user: "user", stdio: { kind: "streams" } } as const;
    const launched = await launchCommand(
      connection,
      entry === undefined ? { ...app, argv } : { ...app, argv: [name, ...given], entry },
    );
    this.process.exitCode = statusOfProcess(await attach(launched, { input: false }));
    await windowsClosed(connection);
    await finish?.(launched);
  } finally {
    await connection.stop(false).finally(() => removeLogs(name, this.process.env));
  }
}

/** An image and a command; an app that is installed; or one that is fetched for this. */
async function findTrial(context: CliContext, words: readonly string[], folder: string): Promise<Trial> {
  const [word = "", ...rest] = words;
  if (listImages().records.some(({ name }) => name === word)) {
    if (rest.length > 0) return { files: await openImageSystem(word), argv: rest };
    throw new VitrineError("invalid-argument", `Cannot try image "${word}": a command to start in it is wanted`, {
      fix: `vitrine try ${word} -- COMMAND`,
    });
  }
  const [found] = findApps(word, context.process.env);
  if (found !== undefined && found.config.system.kind === "apps") {
    const { config, app, entry } = found;
    return {
      files: await openAppSystem(found.config.system, config.name),
      ...launchOf({ app, entry }, rest, undefined),
    };
  }
  const apps = await findWanted(context, [word]);
  return await withBuildOptions(context, false, async (options) => {
    const wishes = { release: DEFAULT_RELEASE, apps, recommends: false, refresh: false, force: false };
    const { system, layer } = await withStages(context, word, (onProgress) =>
      buildSystem(wishes, folder, { ...options, onProgress }),
    );
    const [app] = system.apps;
    if (app === undefined) throw new VitrineError("internal", `Cannot try "${word}": nothing was built`);
    const files = { label: app.id, base: await openBase(system.base), layers: [layer.path] };
    return { files, ...launchOf({ app, entry: app.entries[0] }, rest, undefined) };
  });
}
