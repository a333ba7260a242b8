import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  MAX_TRACE_MESSAGE_BYTES,
  type TraceMessage,
  type TraceRecord,
  traceMessageSchema,
} from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { MessageAssembler } from "../../../channel/message.ts";
import { socketPair } from "../../../sys/socket.ts";
import { zwp_text_input_v3 } from "../../../wayland/generated/text-input-unstable-v3.ts";
import { wl_data_offer, wl_display, wl_keyboard, wl_registry } from "../../../wayland/generated/wayland.ts";
import { xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import { type InterfaceTable, messageByName, type Value } from "../../../wayland/types.ts";
import { relayRegistry } from "../allow-list.ts";
import { categoryOf } from "./categories.ts";
import { formatArguments } from "./format.ts";
import { TraceStream } from "./trace-stream.ts";
import { MAX_TRACES, Tracer } from "./tracer.ts";
import { MAX_TRAIL_MESSAGES, MessageTrail } from "./trail.ts";

const SEED = 11;

/** Notes a message as the display does. */
function note(trail: MessageTrail, table: InterfaceTable, name: string, args: readonly Value[]): void {
  const direction = table.requests.some((one) => one.name === name) ? "requests" : "events";
  const { opcode, message } = messageByName(table, direction, name);
  trail.note(direction === "requests" ? "guest->" : "<-host", 5, opcode);
  trail.identify(table, message);
  trail.decoded(args);
}

test("the trail holds the last messages in their order", () => {
  const trail = new MessageTrail();
  expect(trail.lines()).toEqual([]);
  for (let serial = 0; serial < MAX_TRAIL_MESSAGES + 10; serial += 1) note(trail, wl_display, "delete_id", [serial]);
  const lines = trail.lines();
  expect(lines).toHaveLength(MAX_TRAIL_MESSAGES);
  expect(lines[0]).toBe("<-host wl_display#5.delete_id(10)");
  expect(lines.at(-1)).toBe(`<-host wl_display#5.delete_id(${MAX_TRAIL_MESSAGES + 9})`);
});

test("what is typed is not in the trail", () => {
  const trail = new MessageTrail();
  note(trail, wl_keyboard, "key", [7, 8, 30, 1]);
  note(trail, zwp_text_input_v3, "commit_string", ["hunter2"]);
  note(trail, zwp_text_input_v3, "set_surrounding_text", ["my password is hunter2", 1, 2]);
  expect(trail.lines()).toEqual([
    "<-host wl_keyboard#5.key(...)",
    "<-host zwp_text_input_v3#5.commit_string(text(7))",
    "guest-> zwp_text_input_v3#5.set_surrounding_text(text(22), 1, 2)",
  ]);
});

test("a message that could not be read is named as far as it is known", () => {
  const trail = new MessageTrail();
  trail.note("guest->", 77, 3);
  trail.note("guest->", 78, 2);
  trail.identify(xdg_toplevel, messageByName(xdg_toplevel, "requests", "set_title").message);
  expect(trail.lines()).toEqual(["guest-> #77 opcode 3", "guest-> xdg_toplevel#78.set_title(...)"]);
});

test("text and bytes of any kind come out safe and short, in a trace and in a trail", () => {
  const messages = [
    { table: xdg_toplevel, name: "set_title", args: (text: string) => [text] },
    { table: wl_data_offer, name: "receive", args: (text: string) => [text, 0] },
    { table: wl_registry, name: "bind", args: (text: string) => [1, { interface: text, version: 1, id: 4 }] },
    { table: wl_keyboard, name: "enter", args: (text: string) => [1, 2, new TextEncoder().encode(text)] },
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.string({ unit: "binary", maxLength: 300 }),
      ({ table, name, args }, text) => {
        const trail = new MessageTrail();
        note(trail, table, name, args(text));
        const direction = table.requests.some((one) => one.name === name) ? "requests" : "events";
        const { message } = messageByName(table, direction, name);
        const traced = formatArguments(table, message, args(text), { kept: false }).join(", ");
        for (const line of [...trail.lines(), traced]) {
          expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u);
          // JSON's escapes may double what is shown of a name.
          expect(line.length).toBeLessThan(250);
        }
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

test("every message that a guest may send or see is of some kind, few of no kind of their own", () => {
  const others = [...relayRegistry.byInterface.values()].flatMap(({ table }) =>
    [...table.requests, ...table.events]
      .filter((message) => categoryOf(table, message) === "other")
      .map((message) => `${table.name}.${message.name}`),
  );
  expect(others.filter((name) => /^(wl_|xdg_)/.test(name))).toEqual([
    "wl_compositor.create_surface",
    "wl_subcompositor.get_subsurface",
  ]);
});

test("each watcher gets what it asked for; one too many is refused", () => {
  const tracer = new Tracer();
  const seen: string[][] = [[], []];
  const stops = [
    tracer.watch({ without: [], client: 1 }, ({ message }) => seen[0]?.push(message)),
    tracer.watch({ without: ["delete"] }, ({ message }) => seen[1]?.push(message)),
  ];
  const show = (client: number, name: string, args: readonly Value[]) => {
    const { message } = messageByName(wl_display, "events", name);
    tracer.message(client, "<-host", wl_display, 1, message, args);
  };
  show(1, "delete_id", [3]);
  show(2, "delete_id", [4]);
  show(2, "error", [1, 2, "why"]);
  expect(seen).toEqual([["delete_id"], ["error"]]);
  for (let count = 2; count < MAX_TRACES; count += 1) tracer.watch({ without: [] }, () => {});
  expect(() => tracer.watch({ without: [] }, () => {})).toThrow(`${MAX_TRACES} traces`);
  for (const stop of stops) stop();
  expect(tracer.watched).toBe(true);
});

test("a caller that does not read loses messages and is told how many; nothing is queued without end", async () => {
  const [near, far] = socketPair();
  const closed = Promise.withResolvers<void>();
  const trace = new TraceStream(fdStream(near), closed.resolve);
  const record: TraceRecord = {
    at: 1,
    client: 1,
    direction: "guest->",
    category: "other",
    interface: "wl_surface",
    id: 1,
    message: "commit",
    arguments: ["x".repeat(1000)],
  };
  const TOTAL = 20_000;
  for (let count = 0; count < TOTAL; count += 1) trace.show(record);
  const reader = fdStream(far);
  const assembler = new MessageAssembler(MAX_TRACE_MESSAGE_BYTES);
  const dropped = Promise.withResolvers<number>();
  let shown = 0;
  reader.onData((chunk) => {
    assembler.push(chunk);
    for (let next = assembler.next(); next !== undefined; next = assembler.next()) {
      const message: TraceMessage = traceMessageSchema.parse(next.value);
      if ("dropped" in message) dropped.resolve(message.dropped);
      else if ("direction" in message) shown += 1;
    }
  });
  const lost = await dropped.promise;
  expect(shown + lost).toBe(TOTAL);
  expect(shown).toBeLessThan(2000);
  trace.show(record);
  trace.close();
  reader.onEnd(() => reader.end());
  await closed.promise;
  expect(shown + lost).toBe(TOTAL + 1);
});
