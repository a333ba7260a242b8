/** A guest display with the host's end of its link, and an app that draws: for tests of the guest half. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../../../tests/support/deadline.ts";
import { WaylandClient } from "../../../tests/support/wayland-client.ts";
import type { ClientObject } from "../../../tests/support/wayland-object.ts";
import { VitrineError } from "../../base/error.ts";
import { validate } from "../../base/untrusted.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { guestStreamHeader } from "../../channel/contract/agent.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { Mux } from "../../channel/mux.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { Mapping, memfdCreate } from "../../sys/memory.ts";
import { socketPair } from "../../sys/socket.ts";
import { wl_compositor, wl_shm } from "../../wayland/generated/wayland.ts";
import { GuestDisplay } from "./guest-display.ts";
import { HostClient, type HostSide } from "./host-client.test-support.ts";

/** A guest display on a socket of its own, and the host's end of its link. */
export class LinkHost implements HostSide, Disposable {
  readonly arena: Mapping;
  readonly display: GuestDisplay;
  readonly clients = new Map<number, HostClient>();
  readonly transfers: { client: number; token: number; announcedBy: "guest" | "host"; stream: ByteStream }[] = [];
  readonly notices: string[] = [];
  readonly socketPath: string;
  readonly mux: Mux;
  readonly #directory = mkdtempSync(join(tmpdir(), "vitrine-guest-"));
  readonly #guestMux: Mux;
  readonly #arenaFile: OwnedFd;
  readonly #looks = new Set<() => void>();
  readonly #failed = Promise.withResolvers<never>();
  #failure: { error: unknown } | undefined;
  /** Settings of clients that come. */
  releaseReplaced = true;

  constructor(options: { pixels?: "arena" | "stream"; arenaBytes?: number } = {}) {
    this.#failed.promise.catch(() => {});
    const { pixels = "arena", arenaBytes = 4 * 1024 * 1024 } = options;
    this.socketPath = join(this.#directory, "wayland-0");
    this.#arenaFile = memfdCreate("test-arena", arenaBytes, ["shrink", "grow"]);
    this.arena = Mapping.map(this.#arenaFile, { length: arenaBytes, writable: true });
    const [hostEnd, guestEnd] = socketPair();
    this.mux = new Mux(fdStream(hostEnd), "client");
    this.#guestMux = new Mux(fdStream(guestEnd), "server");
    this.mux.onStream((stream, raw) => {
      const header = validate(raw, (value) => guestStreamHeader.parse(value));
      if (header.kind === "transfer") this.transfers.push({ ...header, stream });
      else {
        const client = new HostClient(stream, header.client, this);
        client.releaseReplaced = this.releaseReplaced;
        this.clients.set(header.client, client);
      }
      this.changed();
    });
    this.display = new GuestDisplay({
      mux: this.#guestMux,
      socketPath: this.socketPath,
      pixels: pixels === "arena" ? { kind: "arena", file: this.#arenaFile } : { kind: "stream" },
      arenaBytes,
      onNotice: (message) => this.notices.push(message),
    });
  }

  /** A client of the guest display, and the same as the host sees it. */
  async connect(): Promise<{ app: WaylandClient; host: HostClient }> {
    const number = this.clients.size + 1;
    const app = await Promise.race([WaylandClient.connect(this.socketPath), this.#failed.promise]);
    return { app, host: await this.until("waiting for the app's stream", () => this.clients.get(number)) };
  }

  /** Waits until `look` finds something; it looks again whenever something has come from the guest. */
  until<T>(what: string, look: () => T | undefined | false, deadlineMs = DEFAULT_DEADLINE_MS): Promise<T> {
    const found = withDeadline<T>(what, deadlineMs, (resolve) => {
      const again = () => {
        const found = look();
        if (found === undefined || found === false) return;
        this.#looks.delete(again);
        resolve(found);
      };
      this.#looks.add(again);
      again();
      return () => void this.#looks.delete(again);
    });
    return Promise.race([found, this.#failed.promise]);
  }

  /** The guest half has broken the rules: no test that uses this host passes any more. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#failed.reject(error);
    // What the app sees of it would hide the reason.
    console.error(error);
    this.mux.close();
  }

  changed(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Throws when a buffer of any app lies in the range. */
  checkRange(offset: number, length: number): void {
    for (const { buffers } of this.clients.values()) {
      for (const other of buffers.values()) {
        if (offset < other.offset + other.stride * other.height && other.offset < offset + length) {
          throw new VitrineError("internal", `range ${offset}+${length} is another buffer's`);
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.display.close();
    this.mux.close();
    this.#guestMux.close();
    this.arena.close();
    this.#arenaFile.close();
    rmSync(this.#directory, { recursive: true });
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** wl_shm.format.xrgb8888 */
const XRGB = 1;

/** An app that draws, with one pool of memory. */
export class Painter implements Disposable {
  readonly app: WaylandClient;
  readonly compositor: ClientObject;
  readonly shm: ClientObject;
  readonly memory: Mapping;
  readonly pool: ClientObject;
  readonly fd: OwnedFd;

  constructor(app: WaylandClient, bytes: number) {
    this.app = app;
    this.compositor = app.bind(wl_compositor);
    this.shm = app.bind(wl_shm);
    this.fd = memfdCreate("test-pool", bytes);
    this.memory = Mapping.map(this.fd, { length: bytes, writable: true });
    this.pool = app.create(this.shm, "create_pool", [bytes], [this.fd]);
  }

  surface(): ClientObject {
    return this.app.create(this.compositor, "create_surface", []);
  }

  buffer(offset: number, width: number, height: number, stride = width * 4, format = XRGB): ClientObject {
    return this.app.create(this.pool, "create_buffer", [offset, width, height, stride, format]);
  }

  /** Attaches, damages all and commits. */
  show(surface: ClientObject, buffer: ClientObject): void {
    this.app.request(surface, "attach", [buffer, 0, 0]);
    this.app.request(surface, "damage_buffer", [0, 0, 0x7fff_ffff, 0x7fff_ffff]);
    this.app.request(surface, "commit", []);
  }

  [Symbol.dispose](): void {
    this.memory.close();
    this.fd.close();
    this.app.close();
  }
}

/** Bytes of the pools of createPool(). */
export const POOL_BYTES = 8192;

/** A pool over `fd`, which is not kept here. */
export function createPool(
  app: WaylandClient,
  shm: ClientObject,
  size = POOL_BYTES,
  fd = memfdCreate("test", POOL_BYTES),
) {
  using owned = fd;
  return app.create(shm, "create_pool", [size], [owned]);
}
