/** Beginning, bounds and end of apps' connections. Real sockets throughout. */
import { expect, test } from "bun:test";
import { eventually } from "../../../tests/support/deadline.ts";
import type { WaylandClient } from "../../../tests/support/wayland-client.ts";
import { connectUnix } from "../../sys/socket.ts";
import { wl_compositor, wl_shm, wl_surface } from "../../wayland/generated/wayland.ts";
import { encode } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import { MAX_APP_CONNECTIONS, MAX_POOLS } from "./limits.ts";
import { createPool, LinkHost } from "./test-support.ts";

test("what an app says right before it goes reaches the host", async () => {
  using host = new LinkHost();
  const { app, host: seen } = await host.connect();
  const compositor = app.bind(wl_compositor);
  const { opcode, message } = messageByName(wl_compositor, "requests", "create_surface");
  const requests = Array.from({ length: 500 }, () =>
    encode(compositor.id, opcode, message, [app.newObject(wl_surface, 6).id]),
  );
  app.sendRaw(Buffer.concat(requests));
  app.close();
  await host.until("waiting for the end of the stream", () => seen.ended);
  expect(seen.named("wl_compositor.create_surface").length).toBe(500);
});

test("an app hears why the host ends it", async () => {
  using host = new LinkHost();
  const { app, host: seen } = await host.connect();
  seen.event(1, app.display.table, "error", [1, 3, "the compositor is gone"]);
  seen.stream.end();
  expect((await app.ended()).serverError).toMatchObject({ code: 3, message: "the compositor is gone" });
});

test("an app that does not read its events is ended, late, and no other", async () => {
  using host = new LinkHost();
  const other = await host.connect();
  using deaf = connectUnix(host.socketPath);
  const seen = await host.until("waiting for the deaf app", () => host.clients.get(2));
  const event = encode(1, 0, messageByName(other.app.display.table, "events", "error").message, [
    1,
    0,
    "x".repeat(4000),
  ]);
  let sent = 0;
  while (!seen.ended) {
    for (let count = 0; count < 64; count++, sent += event.length) seen.stream.write(event);
    await other.app.roundtrip();
    if (sent > 64 * 1024 * 1024) throw new Error("it goes on without end");
  }
  expect(sent).toBeGreaterThan(4 * 1024 * 1024);
  expect(deaf.isOpen).toBe(true);
});

test("more connections than the bound are refused; those that are there go on", async () => {
  using host = new LinkHost();
  const apps: WaylandClient[] = [];
  for (let count = 0; count < MAX_APP_CONNECTIONS; count++) apps.push((await host.connect()).app);
  await expect(host.connect()).rejects.toThrow();
  expect(host.notices.length).toBe(1);
  apps[0]?.close();
  await eventually("making room", 5000, () => host.display.connections < MAX_APP_CONNECTIONS || undefined);
  await apps[1]?.roundtrip();
  const again = await host.connect().catch(() => host.connect());
  await again.app.roundtrip();
  for (const app of [...apps, again.app]) app.close();
}, 20_000);

test("when descriptors run out, an app waits for its connection, and the others go on", async () => {
  // In a process with few of them, so that no other test misses any.
  const script = `
    import { eventually } from "../../../tests/support/deadline.ts";
    import { memfdCreate } from "../../sys/memory.ts";
    import { connectUnix } from "../../sys/socket.ts";
    import { LinkHost } from "./test-support.ts";
    using host = new LinkHost();
    const { app } = await host.connect();
    // Not accepted before we wait for something.
    using waiting = connectUnix(host.socketPath);
    const all = [memfdCreate("all", 1)];
    try { for (;;) all.push(all[0].dup()); } catch {}
    await eventually("running out", 5000, () => host.notices.length > 0 || undefined);
    await app.roundtrip();
    const before = host.display.connections;
    for (const fd of all) fd.close();
    await eventually("accepting again", 5000, () => host.display.connections === 2 || undefined);
    console.log(before, host.display.connections);
    app.close();
  `;
  const limited = ["sh", "-c", 'ulimit -n 200 && exec "$0" -e "$1"', process.execPath, script];
  const child = Bun.spawn(limited, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"], timeout: 20_000 });
  expect(await child.stdout.text()).toBe("1 2\n");
  expect(await child.exited).toBe(0);
}, 30_000);

test("pools that are kept open by their buffers count, too", async () => {
  using host = new LinkHost();
  const { app } = await host.connect();
  const shm = app.bind(wl_shm);
  const keep = (count: number) => {
    for (let index = 0; index < count; index++) {
      const made = createPool(app, shm);
      app.create(made, "create_buffer", [0, 8, 8, 32, 1]);
      app.request(made, "destroy", []);
    }
  };
  keep(MAX_POOLS);
  await app.roundtrip();
  keep(1);
  expect((await app.ended()).serverError).toMatchObject({ objectId: 1, code: 2 });
});
