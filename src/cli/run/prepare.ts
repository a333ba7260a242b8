/** Gets a sandbox to run: makes what is missing, starts its supervisor, connects to it. */
import { VitrineError } from "../../base/error.ts";
import type { SandboxInfo } from "../../channel/contract/control.ts";
import { openImageSystem, openSystem, type SystemFiles } from "../../host/apps/open-system.ts";
import { ensureArenaTemplate } from "../../host/image/arena-template.ts";
import type { BuildOptions } from "../../host/image/build-options.ts";
import { ensureHostLayer } from "../../host/image/host-layer.ts";
import { ensureKernel, type Kernel } from "../../host/image/kernel.ts";
import { ensureToolsImage } from "../../host/image/tools-image.ts";
import type { NetworkPolicy } from "../../host/network/policy.ts";
import { colourOfName, type SandboxColour } from "../../host/sandbox/colour.ts";
import { findConfig, readConfig } from "../../host/sandbox/config.ts";
import { checkSandboxName, type Environment } from "../../host/sandbox/directories.ts";
import { requireHomeDisk } from "../../host/sandbox/make.ts";
import { loadPolicy, requireSound } from "../../host/sandbox/policy-files.ts";
import { findConnection, type SandboxConnection } from "../../host/sandbox/supervisor/control-client.ts";
import { startSupervisor } from "../../host/sandbox/supervisor/start-supervisor.ts";
import type { SupervisorSpec } from "../../host/sandbox/supervisor/supervisor-spec.ts";
import { chooseDriver, type DriverName } from "../../host/vmm/drivers.ts";
import type { CliContext } from "../context.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { ProgressLine } from "../terminal/progress.ts";
import { readSession, type Session } from "./session.ts";
import { languageOf, localesToGive } from "./session-locales.ts";

export interface SandboxRequest {
  readonly name: string;
  /** Name of the image of a sandbox that keeps nothing; undefined for one that was made before. */
  readonly image: string | undefined;
  /** The same, as files; instead of an image's name. */
  readonly files?: SystemFiles | undefined;
  /** Socket of the compositor; undefined: no windows. */
  readonly compositor: string | undefined;
  readonly sharedMemory: boolean;
  /** Start from a snapshot, and have one taken where there is none. */
  readonly snapshots: boolean;
  readonly memoryMib: number | undefined;
  /** The virtual machine monitor; undefined: the best that works. */
  readonly driver: DriverName | undefined;
  /** False: the monitor runs without walls. */
  readonly confined: boolean;
  /** What a sandbox that keeps nothing may reach; undefined: it has no network card, or its own policy. */
  readonly network?: NetworkPolicy | undefined;
}

/** Connects to the sandbox, starting it if it does not run, or as soon as it has ended when it is just doing so. */
export async function openSandbox(context: CliContext, request: SandboxRequest): Promise<SandboxConnection> {
  const environment = context.process.env;
  checkSandboxName(request.name);
  checkNotMade(request, environment);
  requireSound(request.name, await loadPolicy(request.name, environment));
  for (;;) {
    const running = await findConnection(request.name, environment);
    if (running === undefined) {
      const started = await startSupervisor(await describeSandbox(context, request), environment);
      if (started !== undefined) return started;
    } else if (await isUsable(running, request)) {
      return running;
    }
  }
}

/** Starts a sandbox of a name that no other has. */
export async function startDescribed(spec: SupervisorSpec, environment: Environment): Promise<SandboxConnection> {
  const started = await startSupervisor(spec, environment);
  if (started !== undefined) return started;
  throw new VitrineError("already-exists", `Cannot start sandbox "${spec.name}": it runs already`);
}

/** False when the sandbox was ending; it has ended then. Rejects when it is not what was asked for. */
async function isUsable(connection: SandboxConnection, request: SandboxRequest): Promise<boolean> {
  try {
    const info = await connection.info();
    if (info.state === "stopping") {
      await connection.closed;
      return false;
    }
    checkSuitable(request, info);
    return true;
  } catch (error) {
    connection.close();
    if (VitrineError.from(error).code === "guest-failed") return false;
    throw error;
  }
}

function checkSuitable(request: SandboxRequest, info: SandboxInfo): void {
  const fix = `vitrine stop ${request.name}, or choose another name with --name`;
  if (request.image !== undefined && info.image !== request.image) {
    throw new VitrineError(
      "already-exists",
      `Cannot run image "${request.image}" in sandbox "${request.name}": it runs image "${info.image}"`,
      { fix },
    );
  }
  if (request.driver !== undefined && info.driver !== request.driver) {
    throw new VitrineError(
      "already-exists",
      `Cannot use driver "${request.driver}" for sandbox "${request.name}": it runs on "${info.driver}"`,
      { fix },
    );
  }
  if (request.compositor !== undefined && !info.display) {
    throw new VitrineError(
      "unavailable",
      `Cannot show windows of sandbox "${request.name}": it was started with --no-display`,
      { fix },
    );
  }
}

/**
 * Everything that the supervisor must know of a sandbox, and starts nothing yet; what is missing of it is made, with progress
 * shown. `warn`: tell users what they should know of a machine that is about to start.
 */
export async function describeSandbox(
  context: CliContext,
  request: SandboxRequest,
  { warn } = { warn: true },
): Promise<SupervisorSpec> {
  const { system, home, network, colour } = await findSystem(request, context.process.env);
  const asking = readSession(context.process.env);
  return await interruptible(async (signal) => {
    const { kernel, driver, toolsImage } = await prepareMachine(context, signal, {
      name: request.name,
      driver: request.driver,
      confined: request.confined,
      network: network !== undefined,
      warn,
    });
    const arena = request.sharedMemory
      ? await withProgress(context, "window arena", signal, ensureArenaTemplate)
      : null;
    const session = await asking;
    const hostLayer = await ensureOwnLayer(context, signal, session);
    return {
      name: request.name,
      colour,
      image: system.label,
      kernel,
      toolsImage,
      appImage: system.base,
      layerImages: [...system.layers, ...hostLayer],
      home,
      network: network === undefined ? null : { policy: network, trustNames: false },
      arena,
      snapshots: request.snapshots,
      compositor: request.compositor ?? null,
      driver,
      confined: request.confined,
      session: { environment: session.environment, looks: session.looks },
      ready: null,
      ...(request.memoryMib === undefined ? {} : { memoryMib: request.memoryMib }),
    };
  });
}

/** The layer with the user's locales and fonts, if there are any. Without it apps run all the same, and say why they look foreign. */
async function ensureOwnLayer(context: CliContext, signal: AbortSignal, session: Session): Promise<string[]> {
  const { interface: text, document, monospace } = session.looks.fonts;
  const families = [text, document, monospace].flatMap((font) => (font === null ? [] : [font.family]));
  const wishes = {
    locales: localesToGive(session.locales),
    fonts: { families: [...new Set(families)], language: languageOf(session.locales.LANG) },
  };
  try {
    const layer = await withProgress(context, "language and fonts", signal, (options) =>
      ensureHostLayer(wishes, options),
    );
    return layer === undefined ? [] : [layer];
  } catch (error) {
    if (signal.aborted) throw error;
    const { message } = VitrineError.from(error);
    context.process.stderr.write(`vitrine: apps write numbers and dates as in English this time: ${message}\n`);
    return [];
  }
}

/** What any machine needs, made if it is missing, with progress and warnings. */
export async function prepareMachine(
  context: CliContext,
  signal: AbortSignal,
  wanted: { name: string; driver: DriverName | undefined; confined: boolean; network: boolean; warn: boolean },
): Promise<{ kernel: Kernel; driver: DriverName; toolsImage: string }> {
  const { name, confined, network, warn } = wanted;
  const kernel = await withProgress(context, "kernel", signal, ensureKernel);
  const { name: driver, accelerator } = await withProgress(context, "driver", signal, (options) =>
    chooseDriver(wanted.driver, kernel, { ...options, confined, network }),
  );
  if (warn && accelerator === "tcg") {
    context.process.stderr.write(
      "vitrine: KVM does not work here, apps run under emulation, which is slow (vitrine doctor tells why)\n",
    );
  }
  if (warn && !confined) {
    context.process.stderr.write(
      `vitrine: WARNING: the monitor of sandbox "${name}" runs unconfined: a guest that breaks into it can do all that you can\n`,
    );
  }
  const { path: toolsImage } = await withProgress(context, "tools image", signal, ensureToolsImage);
  return { kernel, driver, toolsImage };
}

/** What the guest's disks and network are: of a sandbox that was made, or of an image alone. */
async function findSystem(
  { name, image, files, network }: SandboxRequest,
  environment: Environment,
): Promise<{
  system: SystemFiles;
  home: SupervisorSpec["home"];
  network: NetworkPolicy | undefined;
  colour: SandboxColour;
}> {
  if (files !== undefined) return { system: files, home: null, network, colour: colourOfName(name) };
  if (image !== undefined) {
    return { system: await openImageSystem(image), home: null, network, colour: colourOfName(name) };
  }
  const config = readConfig(name, environment);
  const { path, unused } = requireHomeDisk(name, environment);
  const { network: itsNetwork, colour } = config;
  return { system: await openSystem(config), home: { path, unused }, network: itsNetwork, colour };
}

/** A sandbox that keeps nothing must not be taken for one that was made, and keeps its home. */
function checkNotMade({ name, image }: SandboxRequest, environment: Environment): void {
  if (image === undefined || findConfig(name, environment) === undefined) return;
  throw new VitrineError(
    "already-exists",
    `Cannot run image "${image}" as "${name}": a sandbox of that name was made`,
    {
      fix: `vitrine run --sandbox ${name}, or choose another name with --name`,
    },
  );
}

/** Runs a build step with a progress line of its own, which is seen only if there is something to do. */
export async function withProgress<T>(
  context: CliContext,
  what: string,
  signal: AbortSignal,
  step: (options: BuildOptions) => Promise<T>,
): Promise<T> {
  const progress = new ProgressLine(context, what);
  try {
    const result = await step({ signal, onProgress: progress.report });
    progress.done();
    return result;
  } catch (error) {
    progress.fail();
    throw error;
  }
}
