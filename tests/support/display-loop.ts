/**
 * Both halves of the display without a virtual machine: joined by a socket pair and a memory file, against a headless
 * compositor. Apps that connect to `socketPath` go through all of the product's display code.
 */
import { join } from "node:path";
import { validate } from "../../src/base/untrusted.ts";
import { guestStreamHeader } from "../../src/channel/contract/agent.ts";
import { ARENA_BYTES } from "../../src/channel/contract/display.ts";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { Mux } from "../../src/channel/mux.ts";
import { GuestDisplay } from "../../src/guest/display/guest-display.ts";
import { relayRegistry } from "../../src/host/display/allow-list.ts";
import { directWay } from "../../src/host/display/compositor-route.ts";
import { HostDisplay, type HostDisplayOptions } from "../../src/host/display/display.ts";
import { parsePolicy } from "../../src/host/policy/parse.ts";
import type { Policy } from "../../src/host/policy/policy.ts";
import { TOPIC_NAMES, valuesOf } from "../../src/host/policy/topics.ts";
import { colourOfName, colourValue } from "../../src/host/sandbox/colour.ts";
import { memfdCreate } from "../../src/sys/memory.ts";
import { socketPair } from "../../src/sys/socket.ts";
import type { Compositor } from "./compositor.ts";

export type PixelPath = "arena" | "stream";
export const PIXEL_PATHS: readonly PixelPath[] = ["arena", "stream"];

let loops = 0;

/** What the host half connects to. */
export type DisplayLoopTarget = Pick<Compositor, "runtimeDir" | "socketPath" | "giveToApps">;

/** A policy that allows everything, at any time. */
export const EVERYTHING_ALLOWED = TOPIC_NAMES.map((topic) => `${topic} ${valuesOf(topic).at(-1)}`).join("\n");

/** The policy that a file of this text makes. */
export function policyOf(text: string): Policy {
  return parsePolicy([{ path: "test.conf", text }], new Set(relayRegistry.globals.keys()));
}

export class DisplayLoop implements Disposable {
  readonly socketName: string;
  readonly socketPath: string;
  readonly host: HostDisplay;
  readonly guest: GuestDisplay;
  readonly notices: string[] = [];
  /** The name of the sandbox. */
  readonly sandbox = "test";
  readonly #muxes: readonly Mux[];

  /** `extra` overrides what the host half is told. */
  constructor(compositor: DisplayLoopTarget, pixels: PixelPath, extra: Partial<HostDisplayOptions> = {}) {
    this.socketName = `vitrine-loop-${loops++}`;
    this.socketPath = join(compositor.runtimeDir, this.socketName);
    const arena = memfdCreate("vitrine-test-arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
    const [hostEnd, guestEnd] = socketPair();
    const hostMux = new Mux(fdStream(hostEnd), "client");
    const guestMux = new Mux(fdStream(guestEnd), "server");
    this.#muxes = [hostMux, guestMux];
    this.host = new HostDisplay({
      ...directWay(compositor.socketPath),
      sandbox: this.sandbox,
      colour: colourValue(colourOfName(this.sandbox)),
      arena,
      arenaBytes: ARENA_BYTES,
      pixels,
      onNotice: (_severity, message) => this.notices.push(message),
      ...extra,
    });
    hostMux.onStream((stream, raw) => {
      const header = validate(raw, (value) => guestStreamHeader.parse(value));
      if (header.kind === "wayland") this.host.acceptClient(stream, header.client);
      else this.host.acceptTransfer(stream, header.client, header.announcedBy, header.token);
    });
    this.guest = new GuestDisplay({
      mux: guestMux,
      socketPath: this.socketPath,
      pixels: pixels === "arena" ? { kind: "arena", file: arena } : { kind: "stream" },
      arenaBytes: ARENA_BYTES,
    });
    compositor.giveToApps(this.socketPath);
  }

  /** Environment that sends an app through the loop instead of to the compositor. */
  get environment(): Record<string, string> {
    return { WAYLAND_DISPLAY: this.socketName };
  }

  [Symbol.dispose](): void {
    this.guest.close();
    this.host.close();
    for (const mux of this.#muxes) mux.close();
  }
}
