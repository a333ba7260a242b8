/** The two halves, which may not know each other, must know the same interfaces. */
import { expect, test } from "bun:test";
import { TABLES } from "../../src/guest/display/tables.ts";
import { relayRegistry } from "../../src/host/display/allow-list.ts";

test("the guest half can follow every object that the host half may let it have", () => {
  const known = [...relayRegistry.byInterface.values()].map(({ table }) => table);
  expect(known.filter((table) => TABLES.get(table.name) !== table).map((table) => table.name)).toEqual([]);
});
