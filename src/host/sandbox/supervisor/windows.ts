/** The windows of a sandbox: the arena that their pixels are in, and the process that shows them. */
import { VitrineError } from "../../../base/error.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import { ARENA_BYTES } from "../../../channel/contract/display.ts";
import type { TraceOptions } from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { Mux } from "../../../channel/mux.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { memfdCreate } from "../../../sys/memory.ts";
import type { Policy } from "../../policy/policy.ts";
import { colourValue } from "../colour.ts";
import { sandboxPaths } from "../directories.ts";
import type { Severity } from "../log-file.ts";
import type { SupervisorSpec } from "./supervisor-spec.ts";

export interface WindowHandlers {
  /** The number of windows has changed. */
  changed(): void;
  firstFrame(): void;
  compositorLost(): void;
  /** Who shows them has ended, for this reason. */
  displayLost(message: string): void;
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
  /** The process that shows them; null when there is none, or not yet. */
  readonly pid: number | null;
  /** Resolves when apps can be shown; rejects with why they cannot. */
  readonly opened: Promise<void>;
  /** Takes over the guest's display link. */
  serve(link: OwnedFd): void;
  /** Puts a policy in force; resolves to how many app connections it ended. */
  setPolicy(policy: Policy): Promise<number>;
  /** A token for an app that stands for one of the compositor's; undefined without windows. */
  mintActivationToken(hostToken: string): Promise<string | undefined>;
  /** Shows the messages of apps to whoever is at the other end of `stream`. Throws when there are none to show. */
  trace(stream: ByteStream, options: TraceOptions): void;
  /** Calls `heard` now and then while apps say something, until the function returned is called. */
  watchApps(heard: () => void): () => void;
  /**
   * Brings windows that nobody sees yet, those of a ready machine, to the user's compositor, where one gets the focus for
   * which that gave `hostToken`.
   */
  moveToUser(hostToken: string | undefined): Promise<void>;
  /** What the guest's monotonic clock says now, in milliseconds. */
  setGuestUptime(milliseconds: number): Promise<void>;
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
  let link: Mux | undefined;
  let told = false;
  return {
    guestArena: spec.arena === null ? undefined : arena,
    pixels: spec.arena === null ? "stream" : "arena",
    arenaBytes: bytes,
    count: 0,
    pid: null,
    opened: Promise.resolve(),
    serve: (fd) => {
      link = new Mux(fdStream(fd), "client");
      link.onStream((stream) => {
        if (!told)
          handlers.notice("warning", "an app wants to open a window, but the sandbox was started without a display");
        told = true;
        stream.destroy();
      });
    },
    setPolicy: async () => 0,
    mintActivationToken: async () => undefined,
    trace: () => {
      throw new VitrineError("unavailable", "Cannot trace: the sandbox was started without a display");
    },
    watchApps: () => () => {},
    moveToUser: async () => {},
    setGuestUptime: async () => {},
    close: async () => {
      link?.close();
      arena.close();
    },
  };
}

async function realWindows(
  spec: SupervisorSpec,
  socketPath: string,
  policy: () => Promise<Policy>,
  handlers: WindowHandlers,
): Promise<Windows> {
  // Loaded only here: a sandbox without windows does without.
  const { DisplayProcess } = await import("./display-process.ts");
  const { openRoute } = await import("../../display/compositor-route.ts");
  const reopen = () =>
    openRoute({
      socketPath,
      sandbox: spec.name,
      contextPath: sandboxPaths(spec.name).wayland,
      onNotice: (severity, message) => handlers.notice(severity, message),
    });
  const route = await reopen();
  const { arena, offset, bytes } = await openArena(spec);
  const pixels = spec.arena === null ? "stream" : "arena";
  let count = 0;
  const shown = new DisplayProcess(
    {
      settings: {
        sandbox: spec.name,
        colour: colourValue(spec.colour),
        arenaOffset: offset,
        arenaBytes: bytes,
        pixels,
        backstage: spec.ready !== null,
      },
      // Read last: whoever changes it from now on finds windows to tell.
      policy: await policy(),
      arena,
      route,
      reopen,
      confined: spec.confined,
    },
    {
      windows: (now) => {
        count = now;
        handlers.changed();
      },
      firstFrame: () => handlers.firstFrame(),
      compositorLost: () => handlers.compositorLost(),
      lost: (message) => {
        count = 0;
        handlers.displayLost(message);
      },
      trail: (client, lines) => handlers.trail(client, lines),
      notice: (severity, message) => handlers.notice(severity, message),
    },
  );
  return {
    guestArena: spec.arena === null ? undefined : arena,
    pixels,
    arenaBytes: bytes,
    get count() {
      return count;
    },
    get pid() {
      return shown.pid ?? null;
    },
    opened: shown.opened,
    serve: (link) => shown.serve(link),
    trace: (stream, options) => shown.trace(stream, options),
    watchApps: (heard) => shown.watchApps(heard),
    setPolicy: (changed) => shown.setPolicy(changed),
    mintActivationToken: (hostToken) => shown.mintActivationToken(hostToken),
    moveToUser: (hostToken) => shown.moveToUser(hostToken),
    setGuestUptime: (milliseconds) => shown.setGuestUptime(milliseconds),
    close: async () => {
      await shown.close();
      arena.close();
    },
  };
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
  const { createArena } = await import("../../image/arena-template.ts");
  const { dataOffset, dataLength } = spec.arena;
  if (dataLength !== ARENA_BYTES) throw new VitrineError("internal", `Cannot use an arena of ${dataLength} bytes`);
  return { arena: createArena(spec.arena), offset: dataOffset, bytes: dataLength };
}
