/** Guests and apps that send too much, read nothing, or write where they must not: others go on, and nothing is kept. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { VitrineError } from "../../src/base/error.ts";
import { ARENA_BYTES, LINK_INTERFACE, LINK_OBJECT_ID } from "../../src/channel/contract/display.ts";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { HostDisplay } from "../../src/host/display/display.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { Mapping, memfdCreate } from "../../src/sys/memory.ts";
import { connectUnix, receiveMessage, sendMessage, socketPair, writeSome } from "../../src/sys/socket.ts";
import { wl_display } from "../../src/wayland/generated/wayland.ts";
import { encode } from "../../src/wayland/message-writer.ts";
import { type InterfaceTable, messageByName, type Value } from "../../src/wayland/types.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

const DEADLINE_MS = 60_000;
/** What many rounds of attacks may add to this process, in bytes. */
const MAX_GROWTH_BYTES = 96 * 1024 * 1024;

let compositor: Compositor;
let loop: DisplayLoop;
let bystander: WaylandClient;
beforeAll(async () => {
  compositor = await Compositor.start({});
  loop = new DisplayLoop(compositor, "stream");
  bystander = await WaylandClient.connect(loop.socketPath);
  await openWindow(bystander, { width: 100, height: 100, appId: "bystander" });
}, DEADLINE_MS);
afterAll(async () => {
  bystander.close();
  loop[Symbol.dispose]();
  await compositor.stop();
});

function request(id: number, table: InterfaceTable, name: string, args: readonly Value[]): Uint8Array {
  const { opcode, message } = messageByName(table, "requests", name);
  return encode(id, opcode, message, args);
}

/** A whole host half with a link that the test writes by hand. */
async function withLink(act: (near: OwnedFd, host: HostDisplay, arena: OwnedFd) => Promise<void>): Promise<void> {
  using arena = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
  const { socketPath } = compositor;
  const host = new HostDisplay({ socketPath, sandbox: "test", arena, arenaBytes: ARENA_BYTES, pixels: "stream" });
  const [near, far] = socketPair();
  try {
    host.acceptClient(fdStream(far), 1);
    await act(near, host, arena);
  } finally {
    host.close();
    near.close();
  }
  await bystander.roundtrip();
}

/** The next bytes from the host half; none at its end. */
function answer(near: OwnedFd): Promise<Uint8Array> {
  return eventually("waiting for an answer", 10_000, () => {
    const buffer = new Uint8Array(4096);
    const received = receiveMessage(near, buffer, 0);
    return received === "again" ? undefined : buffer.subarray(0, received.length);
  });
}

const BAD_PIXELS: readonly (readonly [name: string, args: readonly Value[]])[] = [
  ["that begin beyond the arena", [0xfffffff0, 40, 40, new Uint8Array(40)]],
  ["that end beyond the arena", [ARENA_BYTES - 60, 40, 40, new Uint8Array(80)]],
  ["whose stride jumps beyond the arena", [0, 0xffffffff, 40, new Uint8Array(80)]],
  ["with rows of no bytes", [0, 40, 0, new Uint8Array(40)]],
  ["with half a row", [0, 40, 40, new Uint8Array(60)]],
  ["with rows longer than their stride", [0, 20, 40, new Uint8Array(80)]],
  ["of no bytes", [0, 40, 40, new Uint8Array(0)]],
];

test.each(BAD_PIXELS)("pixels %s end the connection", async (_name, args) => {
  await withLink(async (near, host) => {
    writeSome(near, request(LINK_OBJECT_ID, LINK_INTERFACE, "pixels", args));
    const refusal = await answer(near);
    // wl_display.error: object 1, opcode 0.
    expect([refusal[0], refusal[4], refusal[5]]).toEqual([1, 0, 0]);
    expect(host.clients).toBe(0);
  });
});

test("pixels at the very end of the arena are written there, and a transfer that nothing uses harms nobody", async () => {
  await withLink(async (near, host, arena) => {
    const data = new Uint8Array(80).fill(7);
    writeSome(near, request(LINK_OBJECT_ID, LINK_INTERFACE, "pixels", [ARENA_BYTES - 80, 40, 40, data]));
    writeSome(near, request(LINK_OBJECT_ID, LINK_INTERFACE, "transfer", [5]));
    writeSome(near, request(1, wl_display, "sync", [2]));
    // wl_callback.done of object 2.
    expect((await answer(near))[0]).toBe(2);
    expect(host.clients).toBe(1);
    using mapping = Mapping.map(arena, { length: ARENA_BYTES, writable: false });
    expect([...mapping.bytes.subarray(-80)]).toEqual([...data]);
    expect(mapping.bytes.at(-81)).toBe(0);
  });
});

test(
  "an app that asks and asks and reads nothing is cut off",
  async () => {
    using silent = connectUnix(loop.socketPath);
    const batch = 1000;
    let id = 2;
    let left: Uint8Array = new Uint8Array(0);
    const refused = await eventually("waiting for the app to be cut off", DEADLINE_MS / 2, () => {
      try {
        if (left.length === 0) {
          left = Buffer.concat(Array.from({ length: batch }, () => request(1, wl_display, "sync", [id++])));
        }
        const sent = writeSome(silent, left);
        if (sent !== "again") left = left.subarray(sent);
        return undefined;
      } catch (error) {
        return VitrineError.from(error);
      }
    });
    expect(refused.code).toBe("io");
    await bystander.roundtrip();
  },
  DEADLINE_MS,
);

test(
  "descriptors that belong to no message are not kept",
  async () => {
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 10; round++) {
      using flood = connectUnix(loop.socketPath);
      using file = memfdCreate("flood", 4096);
      try {
        const many = Array.from({ length: 28 }, () => file);
        for (let message = 0; message < 20; message++) {
          sendMessage(flood, request(1, wl_display, "sync", [2 + message]), many);
        }
      } catch (error) {
        // Cut off meanwhile, which is as good.
        expect(VitrineError.from(error).code).toBe("io");
      }
      await bystander.roundtrip();
    }
    await eventually("waiting for the descriptors to be closed", 10_000, () =>
      readdirSync("/proc/self/fd").length <= before ? true : undefined,
    );
    await bystander.roundtrip();
  },
  DEADLINE_MS,
);

test(
  "connections that come and go leave no memory behind",
  async () => {
    const visit = async () => {
      using client = await WaylandClient.connect(loop.socketPath);
      await openWindow(client, { width: 300, height: 300, appId: "visitor" });
    };
    for (let warmUp = 0; warmUp < 5; warmUp++) await visit();
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 40; round++) await visit();
    await eventually("waiting for the connections to end", 10_000, () => (loop.host.clients === 1 ? true : undefined));
    Bun.gc(true);
    expect(process.memoryUsage.rss() - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect(loop.guest.connections).toBe(1);
    expect(loop.host.windows).toBe(1);
  },
  DEADLINE_MS,
);
