/** What is selected, pasted with the middle button: between host and guests, as the policy says. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { zwp_primary_selection_device_manager_v1 } from "../../src/wayland/generated/primary-selection-unstable-v1.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop, PIXEL_PATHS, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { collect, endProcess } from "../support/processes.ts";
import { TestApp } from "../support/test-app.ts";

setDefaultTimeout(60_000);
let compositor: Compositor;
let input: VirtualInput;

beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
}, 60_000);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

/** What wl-paste prints in one place after wl-copy has run in the other; undefined when it finds nothing. */
async function carry(text: string, from: Record<string, string>, to: Record<string, string>): Promise<string> {
  const copy = compositor.spawn("wl-copy", ["--primary", "--foreground", text], from);
  try {
    return await eventually("waiting for the selection", 20_000, async () => {
      const paste = compositor.spawn("wl-paste", ["--primary", "--no-newline"], to, "pipe");
      const { status, out } = await collect(paste);
      return status === 0 && out.toString() === text ? text : undefined;
    });
  } finally {
    await endProcess(copy);
  }
}

test.each(PIXEL_PATHS)("wl-copy and wl-paste, pixels by %s", async (pixels) => {
  using loop = new DisplayLoop(compositor, pixels, { policy: policyOf("primary-selection on") });
  const guest = loop.environment;
  expect(await carry("from the guest – ☃", guest, {})).toBe("from the guest – ☃");
  expect(await carry("from the host – ☃", {}, guest)).toBe("from the host – ☃");
  expect(await carry("between guests", guest, guest)).toBe("between guests");
  expect(loop.notices).toEqual([]);
});

test("where the policy forbids it, nothing is selected on either side", async () => {
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf("primary-selection on") });
  using native = await TestApp.open(compositor.socketPath, "native");
  using guest = await TestApp.open(loop.socketPath, "guest");
  const nativeDevice = device(native);
  const guestDevice = device(guest);
  await compositor.swaymsg("[app_id=guest] focus");
  const { args: entered } = await guest.next(guest.keyboard, "enter");
  const serial = entered[0] as number;
  await guest.client.roundtrip();
  guest.taken(guestDevice, "selection");

  select(guest, guestDevice, serial);
  expect((await guest.client.next(guestDevice, "selection")).args[0]).not.toBe(0);
  loop.host.setPolicy(policyOf("primary-selection off"));
  expect((await guest.client.next(guestDevice, "selection")).args).toEqual([0]);
  // The policy holds at once, for what the guest sets and for what it is told.
  select(guest, guestDevice, serial);
  await guest.client.roundtrip();
  expect(guest.taken(guestDevice, "selection")).toEqual([]);
  await compositor.swaymsg("[app_id=native] focus");
  select(native, nativeDevice, (await native.next(native.keyboard, "enter")).args[0] as number);
  await native.client.roundtrip();
  await compositor.swaymsg("[app_id=guest] focus");
  expect((await guest.client.next(guestDevice, "selection")).args).toEqual([0]);
});

test("within a sandbox it works all the same, and nobody else sees what is selected", async () => {
  using loop = new DisplayLoop(compositor, "arena", { now: () => 0 });
  loop.host.setPolicy(policyOf(""));
  using app = await TestApp.open(loop.socketPath, "app");
  await app.next(app.keyboard, "enter");
  await input.key("a");
  await app.next(app.keyboard, "key");
  expect(await carry("inside", loop.environment, loop.environment)).toBe("inside");
  const { status } = await collect(compositor.spawn("wl-paste", ["--primary"], {}, "pipe"));
  expect(status).toBe(1);
});

test("a serial that the app was not given sets nothing", async () => {
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf("primary-selection on") });
  using guest = await TestApp.open(loop.socketPath, "guest");
  const { args } = await guest.next(guest.keyboard, "enter");
  const guestDevice = device(guest);
  await guest.client.roundtrip();
  guest.taken(guestDevice, "selection");
  select(guest, guestDevice, (args[0] as number) + 100_000);
  await guest.client.roundtrip();
  expect(guest.taken(guestDevice, "selection")).toEqual([]);
  select(guest, guestDevice, args[0] as number);
  await guest.client.next(guestDevice, "selection");
});

function device(app: TestApp) {
  return app.client.create(app.client.bind(zwp_primary_selection_device_manager_v1), "get_device", [app.seat]);
}

function select(app: TestApp, on: ReturnType<typeof device>, serial: number): void {
  const manager = app.client.bind(zwp_primary_selection_device_manager_v1);
  const source = app.client.create(manager, "create_source", []);
  app.client.request(source, "offer", ["text/plain"]);
  app.client.request(on, "set_selection", [source, serial]);
}
