/**
 * What the host half costs for each message of an app, and what watching adds: the time in which it takes in a chunk of
 * ordinary requests, decodes, checks, translates and sends them on, divided by their number.
 *
 *   bun bench/messages.ts
 *
 * off     nobody watches: what a message costs as a rule
 * hidden  somebody watches other kinds of messages (--filter)
 * on      somebody watches all of it
 * trail   of the first, what it costs to remember the last messages of each connection
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteStream } from "../src/channel/byte-stream.ts";
import { TRACE_CATEGORIES } from "../src/channel/contract/trace.ts";
import { fdStream } from "../src/channel/fd-stream.ts";
import { directWay } from "../src/host/display/compositor-route.ts";
import { HostDisplay } from "../src/host/display/display.ts";
import { MessageTrail } from "../src/host/display/trace/trail.ts";
import { watch } from "../src/sys/loop.ts";
import { memfdCreate } from "../src/sys/memory.ts";
import { acceptConnection, listenUnix } from "../src/sys/socket.ts";
import { wp_viewporter } from "../src/wayland/generated/viewporter.ts";
import {
  wl_callback,
  wl_compositor,
  wl_display,
  wl_registry,
  wl_shm,
  wl_subcompositor,
  wl_surface,
} from "../src/wayland/generated/wayland.ts";
import { encode } from "../src/wayland/message-writer.ts";
import { type InterfaceTable, messageByName, type Value } from "../src/wayland/types.ts";

const ROUNDS = 400;
const SETS_PER_CHUNK = 800;
/** What apps and the frames around their windows need. */
const GLOBALS = [wl_compositor, wl_subcompositor, wl_shm, wp_viewporter];
/** Of the host half, before it looks at an app. */
const HANDSHAKE_ROUND_TRIPS = 2;
const FIRST_CALLBACK = 3;
const ARENA_BYTES = 2 * 1024 * 1024;

function message(id: number, table: InterfaceTable, side: "requests" | "events", name: string, args: Value[]) {
  const { opcode, message: what } = messageByName(table, side, name);
  return encode(id, opcode, what, args);
}

/** A compositor that offers surfaces and takes whatever comes. */
function serve(path: string): () => void {
  const listener = listenUnix(path);
  const streams: ByteStream[] = [];
  const watcher = watch(listener, { readable: true }, () => {
    const socket = acceptConnection(listener);
    if (socket === undefined) return;
    const stream = fdStream(socket);
    streams.push(stream);
    let roundTrips = 0;
    stream.onData(() => {
      if (roundTrips === HANDSHAKE_ROUND_TRIPS) return;
      for (const [index, { name }] of (roundTrips === 0 ? GLOBALS : []).entries())
        stream.write(message(2, wl_registry, "events", "global", [index + 1, name, index === 0 ? 6 : 1]));
      // The next sync is sent before the id of the last one is free.
      const callback = FIRST_CALLBACK + roundTrips;
      stream.write(message(callback, wl_callback, "events", "done", [0]));
      stream.write(message(1, wl_display, "events", "delete_id", [callback]));
      roundTrips += 1;
    });
  });
  return () => {
    for (const stream of streams) stream.destroy();
    watcher.close();
    listener.close();
  };
}

/** The app's stream: what is fed is handled before feed() returns. */
class Feed implements ByteStream {
  #onData: (chunk: Uint8Array) => void = () => {};
  #ready: () => void = () => {};
  readonly ready = new Promise<void>((resolve) => {
    this.#ready = resolve;
  });

  feed(chunk: Uint8Array): void {
    this.#onData(chunk);
  }
  write(): boolean {
    return true;
  }
  onData(handler: (chunk: Uint8Array) => void): void {
    this.#onData = handler;
  }
  pause(): void {}
  /** The display has greeted the compositor, or it has room again. */
  resume(): void {
    this.#ready();
  }
  onDrain(): void {}
  end(): void {}
  onEnd(): void {}
  destroy(): void {}
  onClose(): void {}
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const requests = (name: string, args: Value[]) => message(4, wl_surface, "requests", name, args);
const set = [
  requests("damage", [0, 0, 100, 100]),
  requests("set_buffer_scale", [1]),
  requests("damage_buffer", [5, 6, 7, 8]),
  requests("commit", []),
];
const chunk = joined(Array.from({ length: SETS_PER_CHUNK }, () => set).flat());
const messages = SETS_PER_CHUNK * set.length;

async function measure(host: HostDisplay, client: number, watchAs: "off" | "hidden" | "on"): Promise<number> {
  const feed = new Feed();
  host.acceptClient(feed, client);
  await feed.ready;
  const bind = messageByName(wl_registry, "requests", "bind");
  feed.feed(
    joined([
      message(1, wl_display, "requests", "get_registry", [2]),
      encode(2, bind.opcode, bind.message, [1, { interface: "wl_compositor", version: 6, id: 3 }]),
      message(3, wl_compositor, "requests", "create_surface", [4]),
    ]),
  );
  const without = watchAs === "hidden" ? [...TRACE_CATEGORIES] : [];
  let seen = 0;
  const stop = watchAs === "off" ? () => {} : host.trace({ without }, () => void seen++);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = performance.now();
    feed.feed(chunk);
    times.push(performance.now() - begin);
    // The other end reads meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  stop();
  // All that the app says is seen, and what comes of it, which is told to the compositor in fewer words.
  if (watchAs === "on" && seen <= messages * ROUNDS) throw new Error(`a trace of ${seen} messages`);
  // The first half is warm-up; the median keeps pauses of the machine out.
  const sorted = times.slice(ROUNDS / 2).sort((a, b) => a - b);
  return ((sorted[sorted.length >> 1] ?? 0) * 1e6) / messages;
}

function measureTrail(): number {
  const trail = new MessageTrail();
  const kinds = ["damage", "set_buffer_scale", "damage_buffer", "commit"].map((name) =>
    messageByName(wl_surface, "requests", name),
  );
  const args: readonly Value[][] = [[0, 0, 100, 100], [1], [5, 6, 7, 8], []];
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = performance.now();
    for (let count = 0; count < messages; count += 1) {
      const kind = count & 3;
      const { opcode, message: what } = kinds[kind] as (typeof kinds)[number];
      trail.note("guest->", 4, opcode);
      trail.identify(wl_surface, what);
      trail.decoded(args[kind] as Value[]);
    }
    times.push(performance.now() - begin);
  }
  const sorted = times.slice(ROUNDS / 2).sort((a, b) => a - b);
  return ((sorted[sorted.length >> 1] ?? 0) * 1e6) / messages;
}

const folder = mkdtempSync(join(tmpdir(), "vitrine-messages-"));
const socketPath = join(folder, "compositor");
const close = serve(socketPath);
const arena = memfdCreate("vitrine-bench", ARENA_BYTES, ["shrink", "grow", "seal"]);
const host = new HostDisplay({
  ...directWay(socketPath),
  sandbox: "bench",
  colour: 0x477ff9,
  arena,
  arenaBytes: ARENA_BYTES,
  pixels: "arena",
});
const results = {
  off: await measure(host, 1, "off"),
  hidden: await measure(host, 2, "hidden"),
  on: await measure(host, 3, "on"),
  offAgain: await measure(host, 4, "off"),
  trail: measureTrail(),
};
for (const [name, nanoseconds] of Object.entries(results))
  console.log(`${name.padEnd(9)} ${nanoseconds.toFixed(0)} ns`);
host.close();
close();
rmSync(folder, { recursive: true });
