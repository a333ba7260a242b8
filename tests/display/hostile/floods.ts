/** Too much of everything, and clients that do not read, read slowly, or write byte by byte. */
import { VitrineError } from "../../../src/base/error.ts";
import type { OwnedFd } from "../../../src/sys/fd.ts";
import { memfdCreate } from "../../../src/sys/memory.ts";
import { connectUnix, readSome, sendMessage, writeSome } from "../../../src/sys/socket.ts";
import { wl_display } from "../../../src/wayland/generated/wayland.ts";
import { encode } from "../../../src/wayland/message-writer.ts";
import { messageByName } from "../../../src/wayland/types.ts";
import {
  type Attack,
  byApp,
  byBoth,
  byGuest,
  COMPOSITOR,
  clipped,
  displayError,
  IGNORED,
  type Scene,
} from "./attack.ts";

const FULL = displayError("wl_display", "no_memory");
/** Rounds of bystanding in which a connection that is to be cut off must be. */
const MAX_ROUNDS = 2000;
/** wl_callback.done and wl_display.delete_id. */
const ANSWER_BYTES = 24;

/** A connection of its own, written by hand. */
function rawConnection(scene: Scene): OwnedFd {
  return scene.keep(scene.by === "app" ? connectUnix(scene.stage.loop.socketPath) : scene.rig.open().fd);
}

function display(name: "sync" | "get_registry", id: number): Uint8Array {
  const { opcode, message } = messageByName(wl_display, "requests", name);
  return encode(1, opcode, message, [id]);
}

const many = (name: "sync" | "get_registry", first: number, count: number) =>
  Buffer.concat(Array.from({ length: count }, (_, at) => display(name, first + at)));

/** Asks and never reads, until the connection is cut off. */
const unread = (name: "sync" | "get_registry") => async (scene: Scene) => {
  const silent = rawConnection(scene);
  let id = 2;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    try {
      for (let sent: number | "again" = 0; sent !== "again"; ) {
        const batch = many(name, id, 1000);
        sent = writeSome(silent, batch);
        // A message that was cut in two is a mistake as good as any other: it only has to end.
        if (sent !== "again") id += Math.floor(sent / 12);
      }
    } catch (error) {
      if (VitrineError.from(error).code === "io") return;
      throw error;
    }
    await scene.stage.bystand();
  }
  throw new Error("a connection that reads nothing goes on for ever");
};

/** Reads until `bytes` have come. */
async function readAll(scene: Scene, fd: OwnedFd, bytes: number): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let got = 0; got < bytes; ) {
    const count = readSome(fd, buffer);
    if (count === 0) throw new Error(`the connection ended after ${got} of ${bytes} bytes`);
    if (count === "again") await scene.stage.bystand();
    else got += count;
  }
}

/** Writes all of `bytes`, in pieces of at most `piece`. */
async function writeAll(scene: Scene, fd: OwnedFd, bytes: Uint8Array, piece = bytes.length): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const sent = writeSome(fd, bytes.subarray(at, at + piece));
    if (sent === "again") await scene.stage.bystand();
    else at += sent;
  }
}

export const FLOODS: readonly Attack[] = [
  byBoth("questions without end, and no answer read", IGNORED, unread("sync")),
  byBoth("lists of globals without end, and none read", IGNORED, unread("get_registry")),
  byBoth("answers read only after two thousand questions", IGNORED, async (scene) => {
    const slow = rawConnection(scene);
    await writeAll(scene, slow, many("sync", 2, 2000));
    for (let round = 0; round < 5; round++) await scene.stage.bystand();
    await readAll(scene, slow, 2000 * ANSWER_BYTES);
  }),
  byBoth("five hundred questions, byte by byte", IGNORED, async (scene) => {
    const slow = rawConnection(scene);
    await writeAll(scene, slow, many("sync", 2, 500), 1);
    await readAll(scene, slow, 500 * ANSWER_BYTES);
  }),
  byBoth("more objects than are allowed", FULL, (scene) => {
    const compositor = scene.bind("wl_compositor");
    for (let count = 0; count < 21_000; count++) scene.client.create(compositor, "create_region", []);
  }),
  byBoth("more surfaces than are allowed", FULL, (scene) => {
    const compositor = scene.bind("wl_compositor");
    for (let count = 0; count < 2100; count++) scene.client.create(compositor, "create_surface", []);
  }),
  byBoth("more callbacks than are allowed", FULL, async (scene) => {
    const { surface } = await scene.window();
    for (let count = 0; count < 21_000; count++) scene.client.create(surface, "frame", []);
  }),
  byGuest("a hundred thousand objects, one after the other", IGNORED, async (scene) => {
    const compositor = scene.bind("wl_compositor");
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 5000; count++) {
        scene.client.request(scene.client.create(compositor, "create_region", []), "destroy", []);
      }
      await scene.client.roundtrip();
    }
  }),
  byBoth("twenty thousand commits", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    for (let count = 0; count < 20_000; count++) scene.client.request(surface, "commit", []);
  }),
  byBoth("two hundred windows that show nothing", IGNORED, (scene) => {
    for (let count = 0; count < 200; count++) scene.client.request(scene.toplevel().surface, "commit", []);
  }),
  byBoth(
    "a window that wants to be everything at once",
    IGNORED,
    async (scene) => {
      const { toplevel } = await scene.window();
      for (let count = 0; count < 100; count++) {
        for (const name of ["set_maximized", "set_minimized", "unset_fullscreen", "unset_maximized"]) {
          scene.client.request(toplevel, name, []);
        }
        scene.client.request(toplevel, "set_fullscreen", [null]);
      }
    },
    COMPOSITOR,
  ),
  byBoth(
    "five hundred pointers, and a mouse that moves",
    IGNORED,
    async (scene) => {
      const seat = scene.bind("wl_seat");
      for (let count = 0; count < 500; count++) scene.client.create(seat, "get_pointer", []);
      await scene.window({ appId: "under-pointer" });
      for (let count = 0; count < 5; count++) await scene.stage.pointAt("vitrine.test.under-pointer");
    },
    { needs: ["pointer"] },
  ),
  byApp("descriptors that belong to no message", IGNORED, async (scene) => {
    using file = memfdCreate("flood", 4096);
    const pile = Array.from({ length: 28 }, () => file);
    for (let round = 0; round < 10; round++) {
      const flood = rawConnection(scene);
      try {
        for (let message = 0; message < 20; message++) sendMessage(flood, display("sync", 2 + message), pile);
      } catch (error) {
        // Cut off meanwhile, which is as good.
        if (VitrineError.from(error).code !== "io") throw error;
      }
      await scene.stage.bystand();
    }
  }),
  byApp("three hundred apps at once", IGNORED, async (scene) => {
    for (let count = 0; count < 300; count++) {
      rawConnection(scene);
      // The kernel lets only so many wait to be accepted.
      if (count % 20 === 0) await scene.stage.bystand();
    }
  }),
  byApp(
    "a hundred apps that come, ask and go",
    clipped(({ stage }) => stage.bystand()),
    async (scene) => {
      for (let count = 0; count < 100; count++) {
        using visit = connectUnix(scene.stage.loop.socketPath);
        writeSome(visit, many("get_registry", 2, 3));
        if (count % 10 === 0) await scene.stage.bystand();
      }
    },
  ),
];
