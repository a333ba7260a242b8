/**
 * Several desktops, old and new: which interfaces their apps see through the display, and one exchange with each of them
 * that the compositor answers without complaint.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { relayRegistry } from "../../src/host/display/allow-list.ts";
import { openRoute } from "../../src/host/display/compositor-route.ts";
import { monotonicNanoseconds } from "../../src/sys/clock.ts";
import type { InterfaceTable } from "../../src/wayland/types.ts";
import { Compositor, type CompositorKind } from "../support/compositor.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, PIXEL_PATHS, policyOf } from "../support/display-loop.ts";
import type { NativeRoot } from "../support/native-root.ts";
import { testInterfaces, WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";
import { openWindow, solidBuffer, type TestWindow } from "../support/window.ts";

setDefaultTimeout(60_000);
let root: NativeRoot;
beforeAll(async () => {
  root = await openDesktops();
}, DESKTOPS_DEADLINE_MS);
afterAll(() => root[Symbol.dispose]());

interface Scene {
  readonly client: WaylandClient;
  readonly window: TestWindow;
  /** The compositor tells when a frame was shown; Debian 12's sway does not when it is headless. */
  readonly presents: boolean;
}
type Exchange = (manager: ClientObject, scene: Scene) => void | Promise<void>;

function bind({ client }: Scene, name: string): ClientObject {
  return client.bind(testInterfaces.get(name) as InterfaceTable);
}

/** Makes an object that hangs on the window's surface, has it say something, commits, and destroys it. */
function onSurface(make: string, requests: readonly (readonly [name: string, args: readonly number[]])[]): Exchange {
  return async (manager, { client, window }) => {
    const object = client.create(manager, make, [window.surface]);
    for (const [name, args] of requests) client.request(object, name, args);
    client.request(window.surface, "commit", []);
    await client.roundtrip();
    client.request(object, "destroy", []);
  };
}

const now = () => monotonicNanoseconds() / 1_000_000_000n;

const EXCHANGES: Readonly<Record<string, Exchange>> = {
  wp_content_type_manager_v1: onSurface("get_surface_content_type", [["set_content_type", [2]]]),
  wp_tearing_control_manager_v1: onSurface("get_tearing_control", [["set_presentation_hint", [1]]]),
  wp_alpha_modifier_v1: onSurface("get_surface", [["set_multiplier", [0x80000000]]]),
  wp_fifo_manager_v1: onSurface("get_fifo", [
    ["set_barrier", []],
    ["wait_barrier", []],
  ]),
  wp_commit_timing_manager_v1: onSurface("get_timer", [["set_timestamp", [0, Number(now()), 5]]]),
  wp_fractional_scale_manager_v1: onSurface("get_fractional_scale", []),
  wp_viewporter: onSurface("get_viewport", [["set_destination", [50, 50]]]),
  zwp_idle_inhibit_manager_v1: onSurface("create_inhibitor", []),
  zxdg_exporter_v1: onSurface("export", []),
  zxdg_exporter_v2: async (manager, { client, window }) => {
    const object = client.create(manager, "export_toplevel", [window.surface]);
    expect((await client.next(object, "handle")).args[0]).toMatch(/^vitrine-/);
  },
  zxdg_importer_v2: async (manager, { client }) => {
    await client.next(client.create(manager, "import_toplevel", ["nobody's"]), "destroyed");
  },
  wp_presentation: async (manager, { client, window, presents }) => {
    const feedback = client.create(manager, "feedback", [window.surface]);
    client.request(window.surface, "attach", [solidBuffer(client, 200, 100), 0, 0]);
    client.request(window.surface, "damage", [0, 0, 200, 100]);
    client.request(window.surface, "commit", []);
    if (presents) await client.next(feedback, "presented");
  },
  xdg_wm_dialog_v1: (manager, { client, window }) => {
    const dialog = client.create(manager, "get_xdg_dialog", [window.toplevel]);
    for (const name of ["set_modal", "unset_modal", "destroy"]) client.request(dialog, name, []);
  },
  org_kde_kwin_server_decoration_manager: async (manager, { client, window }) => {
    const decoration = client.create(manager, "create", [window.surface]);
    client.request(decoration, "request_mode", [2]);
    await client.next(decoration, "mode");
    client.request(decoration, "release", []);
  },
  xdg_system_bell_v1: (manager, { client, window }) => {
    client.request(manager, "ring", [window.surface]);
    client.request(manager, "ring", [null]);
  },
  xdg_toplevel_icon_manager_v1: async (manager, { client, window }) => {
    const icon = client.create(manager, "create_icon", []);
    client.request(icon, "set_name", ["org.example.App"]);
    for (const [side, scale] of [
      [48, 1],
      [128, 2],
      [512, 1],
    ] as const) {
      client.request(icon, "add_buffer", [solidBuffer(client, side, side), scale]);
    }
    client.request(manager, "set_icon", [window.toplevel, icon]);
    client.request(icon, "destroy", []);
    client.request(window.surface, "commit", []);
    await client.roundtrip();
    client.request(manager, "set_icon", [window.toplevel, null]);
  },
  xdg_activation_v1: async (manager, { client, window }) => {
    const token = client.create(manager, "get_activation_token", []);
    client.request(token, "commit", []);
    const { args } = await client.next(token, "done");
    client.request(manager, "activate", [args[0] as string, window.surface]);
  },
  xdg_toplevel_drag_manager_v1: (manager, scene) => {
    const { client } = scene;
    const source = client.create(bind(scene, "wl_data_device_manager"), "create_data_source", []);
    // Not destroyed: kwin takes the end of one whose drag has not begun for a mistake.
    client.create(manager, "get_xdg_toplevel_drag", [source]);
  },
  zwp_tablet_manager_v2: (manager, scene) => {
    const seat = scene.client.create(manager, "get_tablet_seat", [bind(scene, "wl_seat")]);
    scene.client.request(seat, "destroy", []);
  },
  zwp_text_input_manager_v3: (manager, scene) => {
    const field = scene.client.create(manager, "get_text_input", [bind(scene, "wl_seat")]);
    for (const name of ["enable", "commit", "destroy"]) scene.client.request(field, name, []);
  },
  zwp_keyboard_shortcuts_inhibit_manager_v1: (manager, scene) => {
    const { client, window } = scene;
    client.request(
      client.create(manager, "inhibit_shortcuts", [window.surface, bind(scene, "wl_seat")]),
      "destroy",
      [],
    );
  },
  zwp_primary_selection_device_manager_v1: (manager, scene) => {
    const { client } = scene;
    client.request(client.create(manager, "get_device", [bind(scene, "wl_seat")]), "destroy", []);
    client.request(client.create(manager, "create_source", []), "destroy", []);
  },
  zxdg_output_manager_v1: async (manager, scene) => {
    const output = scene.client.create(manager, "get_xdg_output", [bind(scene, "wl_output")]);
    expect((await scene.client.next(output, "logical_size")).args).toEqual([1280, 800]);
  },
  wl_fixes: (manager, { client }) => {
    client.request(manager, "destroy_registry", [client.create(client.display, "get_registry", [])]);
  },
};

describe.each([
  ["sway", "old"],
  ["mutter", "old"],
  ["weston", "old"],
  ["sway", "new"],
  ["mutter", "new"],
  ["weston", "new"],
  ["kwin", "new"],
] as const)("%s, %s", (kind: CompositorKind, age) => {
  let compositor: Compositor;
  beforeAll(async () => {
    compositor = await Compositor.start(age === "new" ? { kind, root } : { kind });
  }, 60_000);
  afterAll(() => compositor.stop());

  test.each(PIXEL_PATHS)("apps see what is allowed, and can use it, pixels by %s", async (pixels) => {
    const notices: string[] = [];
    const route = await openRoute({
      socketPath: compositor.socketPath,
      sandbox: "test",
      contextPath: join(compositor.runtimeDir, `context-${pixels}`),
      onNotice: (_severity, message) => notices.push(message),
    });
    // What the compositor offers to the very same kind of connection, without us.
    using direct = new WaylandClient(route.connect());
    await direct.roundtrip();
    using loop = new DisplayLoop(compositor, pixels, { route, policy: policyOf(EVERYTHING_ALLOWED) });
    using client = await WaylandClient.connect(loop.socketPath);
    const wanted = new Map<string, number>();
    for (const [name, { answered, version }] of relayRegistry.globals) {
      const offered = direct.global(name)?.version;
      if (answered === undefined ? offered !== undefined : answered === "always" || offered === undefined) {
        wanted.set(name, answered === undefined ? Math.min(version, offered ?? 0) : version);
      } else if (offered !== undefined) wanted.set(name, Math.min(version, offered));
    }
    const seen = new Map([...client.globals.values()].map((global) => [global.interface, global.version]));
    expect([...seen].sort()).toEqual([...wanted].sort());

    const window = await openWindow(client, { width: 200, height: 100, appId: "all" });
    const scene = { client, window, presents: kind !== "sway" || age === "new" };
    for (const name of seen.keys()) {
      await EXCHANGES[name]?.(bind(scene, name), scene);
      await client.roundtrip();
    }
    expect([notices, loop.notices]).toEqual([[], []]);
    await direct.roundtrip();
  });
});
