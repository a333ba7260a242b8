/** Text by an input method, into an app behind the display: the focused one, and no other. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { zwp_text_input_manager_v3 } from "../../src/wayland/generated/text-input-unstable-v3.ts";
import { wl_seat } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { zwp_input_method_manager_v2 } from "../support/input-method-tables.ts";
import { TestApp } from "../support/test-app.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";

setDefaultTimeout(30_000);
let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
/** The input method, a program of the host. */
let host: WaylandClient;
let method: ClientObject;

beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena");
  host = await WaylandClient.connect(compositor.socketPath);
  method = host.create(host.bind(zwp_input_method_manager_v2), "get_input_method", [host.bind(wl_seat)]);
  await host.roundtrip();
}, 60_000);
afterAll(async () => {
  host.close();
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

function textInput(app: TestApp): ClientObject {
  return app.client.create(app.client.bind(zwp_text_input_manager_v3), "get_text_input", [app.seat]);
}

/** Asks for text, as an app does when one of its text fields gets the focus. */
function enable(app: TestApp, field: ClientObject, text: string): void {
  app.client.request(field, "enable", []);
  app.client.request(field, "set_surrounding_text", [text, text.length, text.length]);
  app.client.request(field, "set_content_type", [0, 3]);
  app.client.request(field, "set_cursor_rectangle", [10, 20, 1, 15]);
  app.client.request(field, "commit", []);
}

/** Takes the focus from everybody and gives it to one: sway tells text inputs only of focus that changes. */
async function refocus(appId: string): Promise<void> {
  using other = await TestApp.open(compositor.socketPath, "other");
  await other.next(other.keyboard, "enter");
  await compositor.swaymsg(`[app_id=${appId}] focus`);
}

test("text of an input method reaches the focused app, counted as the app counts", async () => {
  using app = await TestApp.open(loop.socketPath, "editor");
  const field = textInput(app);
  await app.client.roundtrip();
  // Too early: nobody has said that the app has the text input. These two are not passed on, but count for the app.
  enable(app, field, "early");
  app.client.request(field, "commit", []);
  await refocus("editor");
  const { args: entered } = await app.client.next(field, "enter");
  expect(entered).toEqual([app.surface.id]);
  enable(app, field, "so far ");
  await host.next(method, "activate");
  const { args: around } = await host.next(method, "surrounding_text");
  expect(around).toEqual(["so far ", 7, 7]);
  expect((await host.next(method, "content_type")).args).toEqual([0, 3]);
  await host.next(method, "done");

  host.request(method, "set_preedit_string", ["にほん", 0, 9]);
  host.request(method, "commit", [1]);
  expect((await app.client.next(field, "preedit_string")).args).toEqual(["にほん", 0, 9]);
  expect((await app.client.next(field, "done")).args).toEqual([3]);
  host.request(method, "commit_string", ["日本"]);
  host.request(method, "delete_surrounding_text", [4, 0]);
  host.request(method, "commit", [1]);
  expect((await app.client.next(field, "commit_string")).args).toEqual(["日本"]);
  expect((await app.client.next(field, "delete_surrounding_text")).args).toEqual([4, 0]);
  expect((await app.client.next(field, "done")).args).toEqual([3]);
  expect(loop.notices).toEqual([]);
});

test("an app in the background cannot speak to the input method", async () => {
  using behind = await TestApp.open(loop.socketPath, "behind");
  const hidden = textInput(behind);
  await behind.client.roundtrip();
  await refocus("behind");
  await behind.client.next(hidden, "enter");
  using front = await TestApp.open(loop.socketPath, "front");
  const { args: left } = await behind.client.next(hidden, "leave");
  expect(left).toEqual([behind.surface.id]);
  await host.roundtrip();
  for (const name of ["activate", "surrounding_text", "done"]) while (method.take(name) !== undefined);
  enable(behind, hidden, "spy");
  await behind.client.roundtrip();
  await host.roundtrip();
  expect(method.take("activate")).toBeUndefined();
  const field = textInput(front);
  await front.client.roundtrip();
  await refocus("front");
  await front.client.next(field, "enter");
  enable(front, field, "mine");
  await host.next(method, "activate");
  expect((await host.next(method, "surrounding_text")).args[0]).toBe("mine");
});
