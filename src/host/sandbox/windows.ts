/** The windows of a sandbox: the arena that their pixels are in, and the host half of the display that shows them. */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { GuestStreamHeader } from "../../channel/contract/agent.ts";
import { ARENA_BYTES } from "../../channel/contract/display.ts";
import type { TraceOptions, TraceRecord } from "../../channel/contract/trace.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { monotonicNanoseconds } from "../../sys/clock.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { memfdCreate } from "../../sys/memory.ts";
import { connectUnix } from "../../sys/socket.ts";
import type { CompositorRoute } from "../display/compositor-route.ts";
import type { Policy } from "../policy/policy.ts";
import { colourValue } from "./colour.ts";
import { sandboxPaths } from "./directories.ts";
import type { Severity } from "./log-file.ts";
import type { SupervisorSpec } from "./supervisor-spec.ts";

export interface WindowHandlers {
  /** The number of windows has changed. */
  changed(): void;
  firstFrame(): void;
  compositorLost(): void;
  /** The last messages of an app connection that was ended by an error, fit for the log. */
  trail(client: number, lines: readonly string[]): void;
  notice(severity: Severity, message: string): void;
}

export interface Windows {
  /** The arena that the guest shall map; undefined when it cannot, or has no display. Borrowed. */
  readonly guestArena: OwnedFd | undefined;
  readonly pixels: "arena" | "stream";
  /** Bytes of pixels; the range of addresses in which the guest names buffers. */
  readonly arenaBytes: number;
  readonly count: number;
  /** Takes over a stream that the guest opened. */
  accept(stream: ByteStream, header: GuestStreamHeader): void;
  /** Puts a policy in force; returns how many app connections it ended. */
  setPolicy(policy: Policy): number;
  /** A token for an app that stands for one of the compositor's; undefined without windows. */
  mintActivationToken(hostToken: string): string | undefined;
  /** Shows the messages of apps until the function returned is called. Throws when there are none to show. */
  trace(options: TraceOptions, show: (record: TraceRecord) => void): () => void;
  /**
   * Brings windows that nobody sees yet, those of a ready machine, to the user's compositor. One of them gets the focus for
   * which that gave `hostToken`.
   */
  moveToUser(hostToken: string | undefined): void;
  /** What the guest's monotonic clock says now, in milliseconds. */
  setGuestUptime(milliseconds: number): void;
  close(): Promise<void>;
}

/** Makes the arena and reaches for the compositor. Throws "unavailable" when that is gone. */
export async function openWindows(
  spec: SupervisorSpec,
  policy: () => Promise<Policy>,
  handlers: WindowHandlers,
): Promise<Windows> {
  if (spec.compositor === null) return await noWindows(spec, handlers);
  return await realWindows(spec, spec.compositor, policy, handlers);
}

/**
 * A sandbox without a display: an app that wants one is told so, once. Its machine has an arena all the same, so that it is
 * like those with one and shares their snapshot.
 */
async function noWindows(spec: SupervisorSpec, handlers: WindowHandlers): Promise<Windows> {
  const { arena, bytes } = await openArena(spec);
  let told = false;
  return {
    guestArena: spec.arena === null ? undefined : arena,
    pixels: spec.arena === null ? "stream" : "arena",
    arenaBytes: bytes,
    count: 0,
    accept: (stream) => {
      if (!told)
        handlers.notice("warning", "an app wants to open a window, but the sandbox was started without a display");
      told = true;
      stream.destroy();
    },
    setPolicy: () => 0,
    mintActivationToken: () => undefined,
    trace: () => {
      throw new VitrineError("unavailable", "Cannot trace: the sandbox was started without a display");
    },
    moveToUser: () => {},
    setGuestUptime: () => {},
    close: async () => arena.close(),
  };
}

async function realWindows(
  spec: SupervisorSpec,
  socketPath: string,
  policy: () => Promise<Policy>,
  handlers: WindowHandlers,
): Promise<Windows> {
  // Loaded only here: a sandbox without windows does not carry the display's code.
  const { HostDisplay } = await import("../display/display.ts");
  const { openRoute } = await import("../display/compositor-route.ts");
  const reopen = () =>
    openRoute({
      socketPath,
      sandbox: spec.name,
      contextPath: sandboxPaths(spec.name).wayland,
      onNotice: (severity, message) => handlers.notice(severity, message),
    });
  const route = await reopen();
  let backstage = spec.ready === null ? undefined : await openBackstage(route, socketPath, handlers.compositorLost);
  const { arena, offset, bytes } = await openArena(spec);
  let clockOffset = 0n;
  const display = new HostDisplay({
    socketPath,
    route: backstage?.route ?? route,
    // While nobody is to see the windows they do not go to the user's compositor, whatever becomes of the one they are on.
    reopen: () => (backstage === undefined ? reopen() : Promise.reject(unseen())),
    sandbox: spec.name,
    colour: colourValue(spec.colour),
    arena,
    arenaOffset: offset,
    arenaBytes: bytes,
    pixels: spec.arena === null ? "stream" : "arena",
    // Read last: whoever changes it from now on finds windows to tell.
    policy: await policy(),
    clockOffset: () => clockOffset,
    onWindowCount: () => handlers.changed(),
    onFirstFrame: () => handlers.firstFrame(),
    onCompositorLost: () => handlers.compositorLost(),
    onTrail: (client, lines) => handlers.trail(client, lines),
    onNotice: (severity, message) => handlers.notice(severity, message),
  });
  return {
    guestArena: spec.arena === null ? undefined : arena,
    pixels: spec.arena === null ? "stream" : "arena",
    arenaBytes: bytes,
    get count() {
      return display.windows;
    },
    accept: (stream, header) => {
      if (header.kind === "wayland") display.acceptClient(stream, header.client);
      else display.acceptTransfer(stream, header.client, header.announcedBy, header.token);
    },
    trace: (options, show) => display.trace(options, show),
    setPolicy: (changed) => display.setPolicy(changed),
    mintActivationToken: (hostToken) => display.mintActivationToken(hostToken),
    moveToUser: (hostToken) => {
      if (backstage === undefined) return;
      display.moveTo(route);
      if (hostToken !== undefined) display.activate(hostToken);
      backstage.close();
      backstage = undefined;
    },
    setGuestUptime: (milliseconds) => {
      clockOffset = monotonicNanoseconds() - BigInt(Math.round(milliseconds * 1e6));
    },
    close: async () => {
      await display.close();
      if (backstage !== undefined) route.close();
      backstage?.close();
      arena.close();
    },
  };
}

/** Where the windows of a ready machine are until somebody wants to see them. */
interface Backstage {
  readonly route: CompositorRoute;
  close(): void;
}

/**
 * A stand-in for the compositor that `userRoute` leads to. `onLost` is called when that compositor goes: what its apps were
 * told of it holds for no other.
 */
async function openBackstage(userRoute: CompositorRoute, socketPath: string, onLost: () => void): Promise<Backstage> {
  const { learnOffer } = await import("../display/stand-in/offer.ts");
  const { StandIn } = await import("../display/stand-in/stand-in.ts");
  const standIn = new StandIn(await learnOffer(userRoute));
  // Says nothing, and hears of the compositor's end.
  const watched = fdStream(connectUnix(socketPath));
  let open = true;
  watched.onData(() => {});
  watched.onEnd(() => watched.destroy());
  watched.onClose(() => open && onLost());
  return {
    route: standIn.route,
    close: () => {
      open = false;
      watched.destroy();
      standIn.close();
    },
  };
}

function unseen(): VitrineError {
  return new VitrineError("unavailable", "Cannot reach the compositor: nobody is to see these windows yet");
}

/** The memory file with the pixels, and where in it they are. */
async function openArena(spec: SupervisorSpec): Promise<{ arena: OwnedFd; offset: number; bytes: number }> {
  if (spec.arena === null) {
    return {
      arena: memfdCreate("vitrine-pixels", ARENA_BYTES, ["shrink", "grow", "seal"]),
      offset: 0,
      bytes: ARENA_BYTES,
    };
  }
  const { createArena } = await import("../image/arena-template.ts");
  const { dataOffset, dataLength } = spec.arena;
  if (dataLength !== ARENA_BYTES) throw new VitrineError("internal", `Cannot use an arena of ${dataLength} bytes`);
  return { arena: createArena(spec.arena), offset: dataOffset, bytes: dataLength };
}
