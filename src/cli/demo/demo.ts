/** What `vitrine demo` does. */
import { writeFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import type { Phase } from "../../channel/contract/control.ts";
import { buildImage } from "../../host/image/images.ts";
import { findSandbox } from "../../host/sandbox/record.ts";
import { compositorSocket, probeCompositor } from "../../host/sandbox/supervisor/compositor.ts";
import {
  connectSandbox,
  type LaunchedProcess,
  type SandboxConnection,
} from "../../host/sandbox/supervisor/control-client.ts";
import type { DemoFlags } from "../commands/demo.ts";
import type { CliContext } from "../context.ts";
import { DEFAULT_RELEASE } from "../flags.ts";
import { openSandbox, withProgress } from "../run/prepare.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { HeadlessDesktop } from "./headless-desktop.ts";
import { Stopwatch } from "./stopwatch.ts";

const IMAGE = "demo";
const SANDBOX = "demo";
const PACKAGES = ["adwaita-icon-theme", "fonts-dejavu-core", "foot", "gnome-calculator"];
const PICTURE = "demo.png";

/** The apps, and what they are named on the host (host/display/identity.ts). */
const TERMINAL = { argv: ["foot"], appId: `vitrine.${SANDBOX}.foot` };
const CALCULATOR = { argv: ["gnome-calculator"], appId: `vitrine.${SANDBOX}.org.gnome.Calculator` };

export async function runDemo(this: CliContext, flags: DemoFlags): Promise<void> {
  const stopwatch = new Stopwatch();
  const own = flags.headless ? undefined : await usableCompositor(this);
  const inputs = { release: DEFAULT_RELEASE, packages: PACKAGES };
  const { built } = await stopwatch.time(`image "${IMAGE}"`, () =>
    interruptible((signal) =>
      withProgress(this, `image ${IMAGE}`, signal, (options) => buildImage(IMAGE, inputs, options)),
    ),
  );
  if (!built) this.process.stderr.write(`image "${IMAGE}" is there already\n`);
  if (own === undefined) await onHeadlessDesktop(this, flags, stopwatch);
  else await onOwnDesktop(this, flags, stopwatch, own);
  this.process.stdout.write(stopwatch.table());
}

/** The compositor of the user's session, if it answers. */
async function usableCompositor(context: CliContext): Promise<string | undefined> {
  const socket = compositorSocket(context.process.env);
  if (socket === undefined) return undefined;
  await probeCompositor(socket);
  return socket;
}

/** Opens the windows and waits until the user has closed them. */
async function onOwnDesktop(
  context: CliContext,
  flags: DemoFlags,
  stopwatch: Stopwatch,
  compositor: string,
): Promise<void> {
  await inSandbox(context, flags, stopwatch, compositor, async (connection, signal) => {
    const apps = [
      await openWindow(connection, stopwatch, TERMINAL.argv),
      await openWindow(connection, stopwatch, CALCULATOR.argv),
    ];
    context.process.stderr.write("Close both windows, or press Ctrl-C, to end the demo.\n");
    const interrupted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await Promise.race([interrupted, Promise.all(apps.map((app) => app.launched.ended))]);
  });
}

/** Opens the windows on a desktop of its own, uses them, and takes a picture. */
async function onHeadlessDesktop(context: CliContext, flags: DemoFlags, stopwatch: Stopwatch): Promise<void> {
  const desktop = await stopwatch.time("headless desktop", () => HeadlessDesktop.start());
  try {
    await inSandbox(context, flags, stopwatch, desktop.socket, async (connection, signal) => {
      const apps = [
        await openWindow(connection, stopwatch, TERMINAL.argv),
        await openWindow(connection, stopwatch, CALCULATOR.argv),
      ];
      await desktop.waitForWindow(TERMINAL.appId);
      await desktop.waitForWindow(CALCULATOR.appId);
      const picture = await stopwatch.time("typing, until the screen is still", () =>
        Promise.race([useApps(desktop, signal), ...apps.map((app) => app.early)]),
      );
      writeFileSync(PICTURE, picture);
      context.process.stdout.write(`${PICTURE} shows what a monitor would\n`);
    });
  } finally {
    await desktop.stop();
  }
}

async function useApps(desktop: HeadlessDesktop, signal: AbortSignal): Promise<Uint8Array> {
  const atRest = () => signal.throwIfAborted();
  await desktop.focus(CALCULATOR.appId);
  // A blinking cursor is the focused calculator's own: only an unfocused one comes to rest.
  await desktop.type("7*6", "Return");
  atRest();
  await desktop.focus(TERMINAL.appId);
  const before = await desktop.settledPicture();
  atRest();
  await desktop.type("echo hello from a microVM; uname -a", "Return");
  return await desktop.settledPicture(before);
}

/** Runs `use` with the demo's sandbox, which is stopped afterwards, whatever happens. */
async function inSandbox(
  context: CliContext,
  flags: DemoFlags,
  stopwatch: Stopwatch,
  compositor: string,
  use: (connection: SandboxConnection, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await stopLeftOver(context);
  const began = Date.now();
  const connection = await openSandbox(context, {
    name: SANDBOX,
    image: IMAGE,
    compositor,
    sharedMemory: flags.sharedMemory,
    snapshots: true,
    memoryMib: undefined,
    driver: undefined,
    confined: true,
  });
  connection.onNotice = (severity, message) => {
    if (severity !== "info") context.process.stderr.write(`vitrine: ${message}\n`);
  };
  try {
    await interruptible(async (signal) => {
      const { phases } = await connection.info(true);
      notePhases(stopwatch, phases, began);
      await use(connection, signal);
      if (signal.aborted) context.process.stderr.write("\n");
    });
  } finally {
    await stopwatch.time("stopping the sandbox", () => connection.stop(false));
  }
}

/** A sandbox of an earlier demo may show its windows elsewhere. */
async function stopLeftOver(context: CliContext): Promise<void> {
  if (findSandbox(SANDBOX, context.process.env) === undefined) return;
  const connection = await connectSandbox(SANDBOX, context.process.env);
  await connection.stop(false);
}

function notePhases(stopwatch: Stopwatch, phases: Partial<Record<Phase, number>>, began: number): void {
  const steps: [Phase, string][] = [
    ["vmm", "kernel and tools image, monitor started"],
    ["kernel", "kernel boots"],
    ["agent", "agent answers"],
  ];
  let last = began;
  for (const [phase, step] of steps) {
    const at = phases[phase];
    // A machine from a snapshot boots no kernel.
    if (at === undefined) continue;
    stopwatch.note(step, at - last);
    last = at;
  }
}

interface OpenApp {
  readonly launched: LaunchedProcess;
  /** Rejects when the app ends, for as long as it should not. */
  readonly early: Promise<never>;
}

/** Starts an app and waits for its first frame. */
async function openWindow(connection: SandboxConnection, stopwatch: Stopwatch, argv: string[]): Promise<OpenApp> {
  const frame = Promise.withResolvers<void>();
  connection.onPhase = (phase) => {
    if (phase === "firstFrame") frame.resolve();
  };
  return await stopwatch.time(`${argv[0]}, until its first frame`, async () => {
    const launched = await connection.launch({ argv, environment: {}, user: "user", stdio: { kind: "null" } });
    const early = launched.ended.then((end): never => {
      const how = end.signal ?? `status ${end.code}`;
      throw new VitrineError("guest-failed", `Cannot show "${argv[0]}": it ended too early (${how})`, {
        fix: `see why with: vitrine logs ${SANDBOX}`,
      });
    });
    early.catch(() => {}); // Once it has done its part its end is no error.
    await Promise.race([frame.promise, early]);
    return { launched, early };
  });
}
