/** A host half without a guest: tests speak the display link by hand, as a guest half that lies would. All is allowed. */
import { ARENA_BYTES } from "../../src/channel/contract/display.ts";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { HostDisplay } from "../../src/host/display/display.ts";
import type { Announcer } from "../../src/host/display/transfers.ts";
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

  constructor(compositor: Compositor, pixels: PixelPath) {
    this.arena = memfdCreate("vitrine-rig-arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
    this.host = new HostDisplay({
      socketPath: compositor.socketPath,
      sandbox: "test",
      arena: this.arena,
      arenaBytes: ARENA_BYTES,
      pixels,
      policy: policyOf(EVERYTHING_ALLOWED),
      onNotice: (_severity, message) => this.notices.push(message),
    });
  }

  /** The guest's end of a new app connection, for bytes written by hand. The caller owns it. */
  open(client = this.#nextClient++): OwnedFd {
    const [near, far] = socketPair();
    this.host.acceptClient(fdStream(far), client);
    return near;
  }

  /** The same with a client that knows the protocol; it has seen the globals. `number` is what the host calls it. */
  async connect(): Promise<{ client: WaylandClient; number: number }> {
    const number = this.#nextClient++;
    return { client: await WaylandClient.over(this.open(number), "guest half"), number };
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
