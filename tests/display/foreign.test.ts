/** Windows named to other clients, xdg_foreign: within a sandbox, and never beyond. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { wl_compositor } from "../../src/wayland/generated/wayland.ts";
import { zxdg_exporter_v1, zxdg_importer_v1 } from "../../src/wayland/generated/xdg-foreign-unstable-v1.ts";
import { zxdg_exporter_v2, zxdg_importer_v2 } from "../../src/wayland/generated/xdg-foreign-unstable-v2.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { TestApp } from "../support/test-app.ts";
import { WaylandClient } from "../support/wayland-client.ts";

setDefaultTimeout(30_000);
let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
let other: DisplayLoop;

beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena");
  other = new DisplayLoop(compositor, "arena", { sandbox: "other" });
}, 60_000);
afterAll(async () => {
  loop[Symbol.dispose]();
  other[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

const VERSIONS = [
  { version: 1, exporter: zxdg_exporter_v1, exports: "export", importer: zxdg_importer_v1, imports: "import" },
  {
    version: 2,
    exporter: zxdg_exporter_v2,
    exports: "export_toplevel",
    importer: zxdg_importer_v2,
    imports: "import_toplevel",
  },
] as const;
type Version = (typeof VERSIONS)[number];

async function exported(app: TestApp, { exporter, exports }: Version) {
  const object = app.client.create(app.client.bind(exporter), exports, [app.surface]);
  const { args } = await app.client.next(object, "handle");
  return { object, handle: args[0] as string };
}

/** Whether `handle` stands for a window on the connection to `path`. */
async function stands(path: string, { importer, imports }: Version, handle: string): Promise<boolean> {
  using client = await WaylandClient.connect(path);
  const imported = client.create(client.bind(importer), imports, [handle]);
  // Nothing it asks of one that does not stand is an error.
  client.request(imported, "set_parent_of", [client.create(client.bind(wl_compositor), "create_surface", [])]);
  await Promise.race([client.roundtrip(), client.ended()]).catch(() => {});
  const gone = imported.take("destroyed") !== undefined;
  return !gone;
}

test.each([...VERSIONS])("version $version: a handle stands in its own sandbox, and nowhere else", async (version) => {
  using app = await TestApp.open(loop.socketPath, "parent");
  const { object, handle } = await exported(app, version);
  expect(handle).toMatch(/^vitrine-[0-9a-f]{32}$/);
  expect(await stands(loop.socketPath, version, handle)).toBe(true);
  expect(await stands(other.socketPath, version, handle)).toBe(false);
  expect(await stands(compositor.socketPath, version, handle)).toBe(false);
  expect(await stands(loop.socketPath, version, `${handle}0`)).toBe(false);
  app.client.request(object, "destroy", []);
  await app.client.roundtrip();
  expect(await stands(loop.socketPath, version, handle)).toBe(false);
});

test.each([...VERSIONS])("version $version: a handle of a host's own window stands for nothing", async (version) => {
  using native = await TestApp.open(compositor.socketPath, "native");
  const { handle } = await exported(native, version);
  expect(await stands(compositor.socketPath, version, handle)).toBe(true);
  expect(await stands(loop.socketPath, version, handle)).toBe(false);
});

test.each([...VERSIONS])("version $version: handles go with the connection that exported", async (version) => {
  const app = await TestApp.open(loop.socketPath, "parent");
  const { handle } = await exported(app, version);
  const clients = loop.host.clients;
  app.close();
  using watcher = await WaylandClient.connect(loop.socketPath);
  while (loop.host.clients > clients) await watcher.roundtrip();
  expect(await stands(loop.socketPath, version, handle)).toBe(false);
});

test("a dialog is put over the window of another client of its sandbox", async () => {
  using app = await TestApp.open(loop.socketPath, "parent");
  const [, version] = VERSIONS;
  const { handle } = await exported(app, version);
  using dialog = await TestApp.open(loop.socketPath, "dialog", { width: 100, height: 50 });
  const imported = dialog.client.create(dialog.client.bind(version.importer), version.imports, [handle]);
  dialog.client.request(imported, "set_parent_of", [dialog.surface]);
  await dialog.client.roundtrip();
  expect(imported.take("destroyed")).toBeUndefined();
  app.close();
  // The compositor says when what was imported ceases to exist.
  await dialog.client.next(imported, "destroyed");
});
