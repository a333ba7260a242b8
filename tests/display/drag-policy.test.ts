/** Drag and drop between a native app and one of a sandbox, in both directions, as the policy has it. */
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { fdStream } from "../../src/channel/fd-stream.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { pipe } from "../../src/sys/process.ts";
import { writeSome } from "../../src/sys/socket.ts";
import { wl_compositor, wl_data_device_manager, wl_seat } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";
import { openWindow, type TestWindow } from "../support/window.ts";

setDefaultTimeout(30_000);
const [WIDTH, HEIGHT] = [1280, 800];
const SIDE = 300;
const COPY = 1;
const TYPE = "text/x-drag";

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
let native: Party;
let guest: Party;

/** An app with a window in one half of the screen. */
interface Party {
  readonly client: WaylandClient;
  readonly window: TestWindow;
  readonly manager: ClientObject;
  readonly device: ClientObject;
  readonly pointer: ClientObject;
  readonly x: number;
}

async function join(path: string, appId: string, shownAs: string, x: number): Promise<Party> {
  const client = await WaylandClient.connect(path);
  const seat = client.bind(wl_seat);
  const manager = client.bind(wl_data_device_manager);
  const device = client.create(manager, "get_data_device", [seat]);
  const pointer = client.create(seat, "get_pointer", []);
  const window = await openWindow(client, { width: SIDE, height: SIDE, appId });
  await compositor.sway.waitForWindow(shownAs);
  await compositor.swaymsg(
    `[app_id="${shownAs}"] floating enable, resize set ${SIDE} ${SIDE}, move absolute position ${x} 100`,
  );
  return { client, window, manager, device, pointer, x: x + SIDE / 2 };
}

beforeAll(async () => {
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT });
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena");
}, 60_000);
afterAll(async () => {
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});
beforeEach(async () => {
  native?.client.close();
  guest?.client.close();
  native = await join(compositor.socketPath, "native", "native", 0);
  guest = await join(loop.socketPath, "guest", "vitrine.test.guest", 400);
});

const at = (party: Party) => input.moveTo(party.x, 300, WIDTH, HEIGHT);

/** Presses the button above `from`, which begins a drag, and moves to `to` without letting go. */
async function drag(from: Party, to: Party): Promise<ClientObject> {
  // What earlier drags have told.
  for (const name of ["data_offer", "enter"]) while (to.device.take(name) !== undefined);
  await at(from);
  await from.client.next(from.pointer, "enter");
  await input.press();
  const { args } = await from.client.next(from.pointer, "button");
  const source = from.client.create(from.manager, "create_data_source", []);
  from.client.request(source, "offer", [TYPE]);
  from.client.request(source, "set_actions", [COPY]);
  const icon = from.client.create(from.client.bind(wl_compositor), "create_surface", []);
  from.client.request(from.device, "start_drag", [source, from.window.surface, icon, args[0] ?? 0]);
  await from.client.roundtrip();
  await at(to);
  await to.client.roundtrip();
  return source;
}

/** Lets go above `to`, which takes the data; what arrives. */
async function drop(source: ClientObject, from: Party, to: Party): Promise<string> {
  const { created } = await to.client.next(to.device, "data_offer");
  const [offer] = created;
  if (offer === undefined) throw new Error("no offer");
  expect((await to.client.next(offer, "offer")).args).toEqual([TYPE]);
  const { args } = await to.client.next(to.device, "enter");
  to.client.request(offer, "accept", [args[0] ?? 0, TYPE]);
  to.client.request(offer, "set_actions", [COPY, COPY]);
  await to.client.roundtrip();
  expect((await from.client.next(source, "target")).args).toEqual([TYPE]);
  await input.release();
  await to.client.next(to.device, "drop");
  const [readEnd, writeEnd] = pipe();
  to.client.request(offer, "receive", [TYPE], [writeEnd]);
  writeEnd.close();
  const asked = await from.client.next(source, "send");
  expect(asked.args[0]).toBe(TYPE);
  for (const fd of asked.fds) {
    writeSome(fd, new TextEncoder().encode("dragged"));
    fd.close();
  }
  to.client.request(offer, "finish", []);
  await from.client.next(source, "dnd_finished");
  return await arrived(readEnd);
}

/** All that comes out of a pipe. */
async function arrived(readEnd: OwnedFd): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stream = fdStream(readEnd);
  let text = "";
  stream.onData((chunk) => {
    text += new TextDecoder().decode(chunk);
  });
  stream.onEnd(() => {
    stream.destroy();
    resolve(text);
  });
  return await promise;
}

test("a drag into the sandbox, and one out of it", async () => {
  loop.host.setPolicy(policyOf(""));
  expect(await drop(await drag(native, guest), native, guest)).toBe("dragged");
  expect(await drop(await drag(guest, native), guest, native)).toBe("dragged");
});

test("drag-in off: the app sees nothing of it, and the drop fails", async () => {
  loop.host.setPolicy(policyOf("drag-in off"));
  const source = await drag(native, guest);
  await input.release();
  await native.client.next(source, "cancelled");
  await guest.client.roundtrip();
  for (const name of ["data_offer", "enter", "motion", "drop", "leave"])
    expect([name, guest.device.take(name)]).toEqual([name, undefined]);
  // The next one is seen again.
  loop.host.setPolicy(policyOf(""));
  expect(await drop(await drag(native, guest), native, guest)).toBe("dragged");
});

test("drag-in turned off above the app: it leaves, and gets nothing", async () => {
  loop.host.setPolicy(policyOf(""));
  const source = await drag(native, guest);
  const { created } = await guest.client.next(guest.device, "data_offer");
  await guest.client.next(guest.device, "enter");
  loop.host.setPolicy(policyOf("drag-in off"));
  await guest.client.next(guest.device, "leave");
  const [readEnd, writeEnd] = pipe();
  const [offer] = created;
  if (offer !== undefined) guest.client.request(offer, "receive", [TYPE], [writeEnd]);
  writeEnd.close();
  expect(await arrived(readEnd)).toBe("");
  await input.release();
  await native.client.next(source, "cancelled");
});

test("drag-out off: others see types that mean nothing, the sandbox itself can take it", async () => {
  loop.host.setPolicy(policyOf("drag-out off"));
  const source = await drag(guest, native);
  const { created } = await native.client.next(native.device, "data_offer");
  const [offer] = created;
  if (offer === undefined) throw new Error("no offer");
  expect((await native.client.next(offer, "offer")).args[0]).toMatch(/^application\/x-vitrine-/);
  await input.release();
  await guest.client.next(source, "cancelled");
  const within = await join(loop.socketPath, "within", "vitrine.test.within", 800);
  expect(await drop(await drag(guest, within), guest, within)).toBe("dragged");
  within.client.close();
});
