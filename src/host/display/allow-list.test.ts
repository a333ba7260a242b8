import { expect, test } from "bun:test";
import { relayRegistry } from "./allow-list.ts";
import { defineRelay, forward } from "./relay.ts";

/** Requests that are refused on purpose, each with its reason. */
const REFUSED: Record<string, string> = {
  "wl_shm.create_pool": "pools stay in the guest half",
};

test("every request and event of an allowed interface is named, or refused with a reason", () => {
  const silent: string[] = [];
  for (const relay of relayRegistry.byInterface.values()) {
    relay.table.requests.forEach((message, opcode) => {
      const name = `${relay.table.name}.${message.name}`;
      if (message.since <= relay.version && relay.requestRules[opcode] === undefined && !(name in REFUSED))
        silent.push(name);
    });
    // Events of what is answered here are ours.
    if (relay.local) continue;
    relay.table.events.forEach((message, opcode) => {
      if (message.since <= relay.version && relay.eventRules[opcode] === undefined)
        silent.push(`${relay.table.name}.${message.name}`);
    });
  }
  expect(silent).toEqual([]);
});

test("every object that an allowed request or event makes has a relay", () => {
  const missing: string[] = [];
  for (const relay of relayRegistry.byInterface.values()) {
    const allowed = [
      ...relay.table.requests.filter((_, opcode) => relay.requestRules[opcode] !== undefined),
      ...relay.table.events.filter((_, opcode) => relay.eventRules[opcode] !== undefined),
    ];
    for (const message of allowed) {
      for (const argument of message.args) {
        const made = argument.type === "new_id" ? argument.interface : undefined;
        if (made !== undefined && made !== "wl_registry" && !relayRegistry.byInterface.has(made)) missing.push(made);
      }
    }
  }
  expect(missing).toEqual([]);
});

test("no version is above what the tables know", () => {
  for (const relay of relayRegistry.byInterface.values())
    expect(relay.version).toBeLessThanOrEqual(relay.table.version);
});

test("a rule for a message that does not exist is a mistake that shows", () => {
  const { table } = relayRegistry.display;
  expect(() => defineRelay({ table, version: 1, requests: { snyc: forward }, events: {} })).toThrow(
    'no message "snyc"',
  );
});
