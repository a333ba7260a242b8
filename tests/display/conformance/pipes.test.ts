/** Pipes of the clipboard between apps of the host and of the guest, both ways: what one writes the other reads, to the end. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { VitrineError } from "../../../src/base/error.ts";
import { type OwnedFd, setNonBlocking } from "../../../src/sys/fd.ts";
import { pipe } from "../../../src/sys/process.ts";
import { readSome, writeSome } from "../../../src/sys/socket.ts";
import { wl_data_device_manager, wl_seat } from "../../../src/wayland/generated/wayland.ts";
import { Compositor } from "../../support/compositor.ts";
import { eventually } from "../../support/deadline.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, PIXEL_PATHS, policyOf } from "../../support/display-loop.ts";
import { VirtualInput } from "../../support/input.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import { openWindow } from "../../support/window.ts";

const DEADLINE_MS = 60_000;
const TYPE = "application/x-conformance";
/** More than a pipe and every queue on the way hold. */
const LONG_BYTES = 3_000_000;

let compositor: Compositor;
let input: VirtualInput;
beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
}, DEADLINE_MS);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

/** An app with a window, which has the focus since it is the newest. */
async function appWithFocus(socketPath: string, appId: string) {
  const client = await WaylandClient.connect(socketPath);
  const seat = client.bind(wl_seat);
  const keyboard = client.create(seat, "get_keyboard", []);
  const manager = client.bind(wl_data_device_manager);
  const device = client.create(manager, "get_data_device", [seat]);
  await openWindow(client, { width: 50, height: 50, appId });
  const { args } = await client.next(keyboard, "enter");
  return { client, manager, device, serial: args[0] as number };
}

/** A pipe from an app that copies to one that pastes: both ends that the test holds. */
async function pasting(from: string, to: string) {
  const copying = await appWithFocus(from, "copying");
  const source = copying.client.create(copying.manager, "create_data_source", []);
  copying.client.request(source, "offer", [TYPE]);
  copying.client.request(copying.device, "set_selection", [source, copying.serial]);
  await copying.client.roundtrip();
  const pasting = await appWithFocus(to, "pasting");
  const offer = await offered(pasting.client, pasting.device);
  const [reader, given] = pipe();
  pasting.client.request(offer, "receive", [TYPE], [given]);
  given.close();
  const { fds } = await copying.client.next(source, "send");
  const [writer] = fds;
  if (writer === undefined) throw new Error("data are to be written without a descriptor");
  for (const end of [reader, writer]) setNonBlocking(end, true);
  const close = () => {
    for (const end of [reader, writer, copying.client, pasting.client]) end[Symbol.dispose]();
  };
  return { reader, writer, [Symbol.dispose]: close };
}

/** The offer of the clipboard that has our type. */
async function offered(client: WaylandClient, device: ClientObject): Promise<ClientObject> {
  for (;;) {
    const [offer] = (await client.next(device, "data_offer")).created;
    if (offer === undefined) continue;
    if ((await client.next(offer, "offer")).args[0] === TYPE) return offer;
  }
}

async function writeAll(fd: OwnedFd, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.subarray(at);
    at += await eventually("writing", DEADLINE_MS, () => {
      const count = writeSome(fd, left);
      return count === "again" ? undefined : count;
    });
  }
}

/** The next bytes, at most `most`; none at the end. */
function readUpTo(fd: OwnedFd, most: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(most);
  return eventually("reading", DEADLINE_MS, () => {
    const count = readSome(fd, buffer);
    return count === "again" ? undefined : buffer.slice(0, count);
  });
}

async function readAll(fd: OwnedFd): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await readUpTo(fd, 65_536);
    if (chunk.length === 0) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}

const WAYS = PIXEL_PATHS.flatMap((pixels) => [
  [`host to guest, pixels by ${pixels}`, pixels, "host"] as const,
  [`guest to host, pixels by ${pixels}`, pixels, "guest"] as const,
]);

test.each(WAYS)(
  "%s",
  async (_name, pixels, from) => {
    using loop = new DisplayLoop(compositor, pixels, { policy: policyOf(EVERYTHING_ALLOWED) });
    const paths = [compositor.socketPath, loop.socketPath] as const;
    const [source, target] = from === "host" ? paths : ([paths[1], paths[0]] as const);
    {
      // Written in parts: each arrives although the pipe stays open, and the end comes with the end alone.
      using ends = await pasting(source, target);
      for (const part of ["one", "two"]) {
        await writeAll(ends.writer, Buffer.from(part));
        expect(Buffer.from(await readUpTo(ends.reader, 100)).toString()).toBe(part);
      }
      expect(readSome(ends.reader, new Uint8Array(1))).toBe("again");
      ends.writer.close();
      expect((await readUpTo(ends.reader, 100)).length).toBe(0);
    }
    {
      using ends = await pasting(source, target);
      const long = Buffer.alloc(LONG_BYTES, "0123456789abcdef-");
      const [, read] = await Promise.all([
        writeAll(ends.writer, long).then(() => ends.writer.close()),
        readAll(ends.reader),
      ]);
      expect(read.equals(long)).toBe(true);
    }
    {
      // A reader who closes early: the writer is told.
      using ends = await pasting(source, target);
      await writeAll(ends.writer, Buffer.from("x"));
      await readUpTo(ends.reader, 1);
      ends.reader.close();
      const failure = await eventually("waiting for the pipe to break", DEADLINE_MS, () => {
        try {
          writeSome(ends.writer, new Uint8Array(65_536));
          return undefined;
        } catch (error) {
          return VitrineError.from(error);
        }
      });
      expect(failure.code).toBe("io");
    }
  },
  DEADLINE_MS,
);
