/** A host half without a guest: tests speak the display link by hand, as a guest half that lies would. All is allowed. */
import { ARENA_BYTES } from "../../src/channel/contract/display.ts";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { type CompositorRoute, directRoute, directWay } from "../../src/host/display/compositor-route.ts";
import { HostDisplay } from "../../src/host/display/display.ts";
import type { Announcer } from "../../src/host/display/transfers.ts";
import { colourOfName, colourValue } from "../../src/host/sandbox/colour.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { memfdCreate } from "../../src/sys/memory.ts";
import { socketPair } from "../../src/sys/socket.ts";
import type { Compositor } from "./compositor.ts";
import { EVERYTHING_ALLOWED, type PixelPath, policyOf } from "./display-loop.ts";
import { WaylandClient } from "./wayland-client.ts";

export class LinkRig implements Disposable {
  readonly host: HostDisplay;
  readonly arena: OwnedFd;
  readonly notices: string[] = [];
  #nextClient = 1;

  constructor(compositor: Compositor, pixels: PixelPath, route: CompositorRoute = directRoute(compositor.socketPath)) {
    this.arena = memfdCreate("vitrine-rig-arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
    this.host = new HostDisplay({
      ...directWay(compositor.socketPath),
      route,
      sandbox: "test",
      colour: colourValue(colourOfName("test")),
      arena: this.arena,
      arenaBytes: ARENA_BYTES,
      pixels,
      policy: policyOf(EVERYTHING_ALLOWED),
      onNotice: (_severity, message) => this.notices.push(message),
    });
  }

  /** The guest's end of a new app connection, for bytes written by hand, which the caller owns, and its number. */
  open(number = this.#nextClient++): { fd: OwnedFd; number: number } {
    const [near, far] = socketPair();
    this.host.acceptClient(fdStream(far), number);
    return { fd: near, number };
  }

  /** The same with a client that knows the protocol and has seen the globals. */
  async connect(): Promise<{ client: WaylandClient; number: number }> {
    const { fd, number } = this.open();
    return { client: await WaylandClient.over(fd, "guest half"), number };
  }

  /** The guest's end of a stream for clipboard data. The caller owns it. */
  openTransfer(client: number, announcedBy: Announcer, token: number): OwnedFd {
    const [near, far] = socketPair();
    this.host.acceptTransfer(fdStream(far), client, announcedBy, token);
    return near;
  }

  [Symbol.dispose](): void {
    this.host.close();
    this.arena.close();
  }
}
