/**
 * Real programs talk to a real compositor through a relay that reads every message with the tables and passes on what it
 * has written anew. So a wrong table or codec shows at once: bytes differ, or the programs do not work.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../../tests/support/compositor.ts";
import { VirtualInput } from "../../tests/support/input.ts";
import { runTool } from "../../tests/support/processes.ts";
import { testInterfaces } from "../../tests/support/wayland-client.ts";
import { WaylandSocket } from "../../tests/support/wayland-socket.ts";
import { VitrineError } from "../base/error.ts";
import type { OwnedFd } from "../sys/fd.ts";
import { type Watch, watch } from "../sys/loop.ts";
import { acceptConnection, connectUnix, listenUnix } from "../sys/socket.ts";
import { decode } from "./decode.ts";
import { wl_display } from "./generated/wayland.ts";
import { SERVER_ID_MIN } from "./ids.ts";
import type { RawMessage } from "./message-reader.ts";
import { encode } from "./message-writer.ts";
import { ObjectTable } from "./object-table.ts";
import { fdCount, type InterfaceTable, type MessageTable, type NewId, type Value } from "./types.ts";

/** For a busy machine; every wait inside has a deadline of its own. */
setDefaultTimeout(60_000);

interface Tracked {
  readonly table: InterfaceTable;
  readonly version: number;
}

/** What all relayed connections have in common. */
class Recorder implements Disposable {
  /** "interface.message" -> how often. */
  readonly seen = new Map<string, number>();
  readonly problems: string[] = [];
  readonly #listener: OwnedFd;
  readonly #watch: Watch;
  readonly #sockets = new Set<WaylandSocket>();

  constructor(path: string, compositorPath: string) {
    this.#listener = listenUnix(path);
    this.#watch = watch(this.#listener, { readable: true }, () => {
      for (let fd = acceptConnection(this.#listener); fd !== undefined; fd = acceptConnection(this.#listener)) {
        this.#relay(fd, connectUnix(compositorPath));
      }
    });
  }

  get messages(): number {
    return [...this.seen.values()].reduce((sum, count) => sum + count, 0);
  }

  [Symbol.dispose](): void {
    this.#watch.close();
    this.#listener.close();
    for (const socket of this.#sockets) socket.close();
  }

  #relay(clientFd: OwnedFd, serverFd: OwnedFd): void {
    // libwayland checks that ids are dense, so real programs keep to it.
    const objects = new ObjectTable<Tracked>({ strict: true });
    objects.addFromClient(1, { table: wl_display, version: 1 });
    const end = (error: VitrineError): void => {
      if (error.code !== "io") this.problems.push(error.message);
      for (const socket of [client, server]) {
        socket.close();
        this.#sockets.delete(socket);
      }
    };
    const client: WaylandSocket = new WaylandSocket(clientFd, {
      message: (raw) => this.#pass(objects, "requests", raw, client, server),
      ended: end,
    });
    const server: WaylandSocket = new WaylandSocket(serverFd, {
      message: (raw) => this.#pass(objects, "events", raw, server, client),
      ended: end,
    });
    this.#sockets.add(client).add(server);
  }

  #pass(
    objects: ObjectTable<Tracked>,
    direction: "requests" | "events",
    raw: RawMessage,
    from: WaylandSocket,
    to: WaylandSocket,
  ): void {
    const object = objects.get(raw.objectId);
    const message = object?.table[direction][raw.opcode];
    if (object === undefined || message === undefined || message.since > object.version) {
      throw new VitrineError(
        "protocol",
        `${direction} ${raw.opcode} of ${object?.table.name}#${raw.objectId} not known`,
      );
    }
    const args = decode(message, raw);
    const again = encode(raw.objectId, raw.opcode, message, args);
    const name = `${object.table.name}.${message.name}`;
    if (Buffer.compare(again, raw.bytes) !== 0) this.problems.push(`${name}: ${hex(raw.bytes)} became ${hex(again)}`);
    this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    const fds = from.takeFds(fdCount(message));
    // Programs must not bind what the tables do not have: its messages could not be followed.
    const hidden = name === "wl_registry.global" && !testInterfaces.has(args[1] as string);
    if (!hidden) {
      this.#track(objects, object, message, args);
      to.send(again, fds);
    }
    for (const fd of fds) fd.close();
  }

  #track(objects: ObjectTable<Tracked>, by: Tracked, message: MessageTable, args: readonly Value[]): void {
    if (by.table === wl_display && message.name === "delete_id") objects.delete(args[0] as number);
    for (const [index, argument] of message.args.entries()) {
      if (argument.type !== "new_id") continue;
      const value = args[index] as number | NewId;
      const given = typeof value === "number" ? { interface: argument.interface ?? "", id: value } : value;
      const table = testInterfaces.get(given.interface);
      if (table === undefined) throw new VitrineError("protocol", `interface ${given.interface} not known`);
      const made = { table, version: "version" in given ? given.version : by.version };
      if (given.id < SERVER_ID_MIN) objects.addFromClient(given.id, made);
      else {
        objects.delete(given.id);
        objects.addFromServer(given.id, made);
      }
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

let compositor: Compositor;
let recorder: Recorder;
let environment: Record<string, string>;

beforeAll(async () => {
  compositor = await Compositor.start();
  const path = join(compositor.runtimeDir, "recorder");
  recorder = new Recorder(path, compositor.socketPath);
  compositor.giveToApps(path);
  environment = { WAYLAND_DISPLAY: path };
});
afterAll(async () => {
  recorder[Symbol.dispose]();
  await compositor.stop();
});

describe("every message of a real session is the same after decoding and encoding", () => {
  test("wayland-info", async () => {
    const direct = await runTool("wayland-info", [], compositor.environment);
    const relayed = await runTool("wayland-info", [], { ...compositor.environment, ...environment });
    expect(recorder.problems).toEqual([]);
    // All that the tables know; nothing else is missing.
    const interfacesOf = (text: string) => [...text.matchAll(/^interface: '(\w+)'/gm)].map(([, name = ""]) => name);
    expect(interfacesOf(relayed)).toEqual(interfacesOf(direct).filter((name) => testInterfaces.has(name)));
    expect(recorder.seen.get("wl_registry.bind")).toBeGreaterThan(3);
  });

  test("grim: a screenshot", async () => {
    const path = join(compositor.runtimeDir, "screenshot.png");
    await runTool("grim", [path], { ...compositor.environment, ...environment });
    rmSync(path);
    expect(recorder.problems).toEqual([]);
    expect([...recorder.seen.keys()]).toContain("zwlr_screencopy_frame_v1.ready");
  });

  test("foot: typing, pointer, window management", async () => {
    using input = await VirtualInput.create(compositor.socketPath);
    const foot = compositor.spawn("foot", [], environment);
    const ended = new Promise((resolve) => foot.once("exit", resolve));
    await compositor.sway.waitForWindow("foot");
    // A new title shows that the terminal has done all that was asked of it before.
    const setTitle = async (title: string): Promise<void> => {
      await input.typeText(`printf '\\033]0;${title}\\007'\n`);
      await compositor.sway.waitForWindow((window) => window.name === title);
    };
    await setTitle("Ready");
    await input.moveTo(640, 400, 1280, 800);
    await input.moveBy(5, 5);
    await input.click();
    await input.scroll(1);
    await setTitle("Clicked");
    await compositor.swaymsg("fullscreen", "enable");
    await setTitle("Full screen");
    await input.typeText("exit\n");
    await ended;
    expect(recorder.problems).toEqual([]);
    const expected = [
      "wl_keyboard.keymap",
      "wl_keyboard.key",
      "wl_pointer.motion",
      "wl_shm.create_pool",
      "xdg_toplevel.configure",
    ];
    for (const name of expected) expect([...recorder.seen.keys()]).toContain(name);
  });

  test("weston-subsurfaces, weston-dnd, weston-eventdemo", async () => {
    for (const program of ["weston-subsurfaces", "weston-dnd", "weston-eventdemo"]) {
      const child = compositor.spawn(program, [], environment);
      const { pid } = await compositor.sway.waitFor("a window", (windows) => windows[0]);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await compositor.swaymsg(`[pid=${pid}] kill`);
      await ended;
      await compositor.sway.waitFor("the window to go", (windows) => (windows.length === 0 ? true : undefined));
    }
    expect(recorder.problems).toEqual([]);
    expect([...recorder.seen.keys()]).toContain("wl_subsurface.set_desync");
    // Enough to mean something.
    expect(recorder.messages).toBeGreaterThan(1000);
    expect(recorder.seen.size).toBeGreaterThan(60);
  });
});
