import { expect, test } from "bun:test";
import fc from "fast-check";
import { VitrineError } from "../base/error.ts";
import { CLIENT_ID_MAX, IdAllocator, SERVER_ID_MIN } from "./ids.ts";
import { ObjectTable } from "./object-table.ts";

const SEED = 20261124;

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VitrineError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

test("ids given out are never in use twice, and a strict table takes them all", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 200 }), (steps) => {
      const ids = new IdAllocator(1, 50);
      const table = new ObjectTable<string>({ strict: true });
      const used: number[] = [];
      for (const step of steps) {
        if (step % 3 === 0 && used.length > 0) {
          const [id = 0] = used.splice(step % used.length, 1);
          ids.release(id);
          expect(table.delete(id)).toBe(true);
        } else if (used.length < 50) {
          const id = ids.allocate();
          table.addFromClient(id, "x");
          used.push(id);
        } else {
          expect(codeOf(() => ids.allocate())).toBe("limit");
        }
      }
      expect(table.size).toBe(used.length);
    }),
    { seed: SEED },
  );
});

test("releasing an id that is not in use is a defect", () => {
  const ids = new IdAllocator(5, 10);
  const id = ids.allocate();
  ids.release(id);
  expect(codeOf(() => ids.release(id))).toBe("internal");
  expect(codeOf(() => ids.release(6))).toBe("internal");
  expect(codeOf(() => ids.release(4))).toBe("internal");
});

test("a table keeps each side to its range", () => {
  const table = new ObjectTable<string>();
  for (const id of [0, -1, 1.5, SERVER_ID_MIN, 0x1_0000_0000]) {
    expect(codeOf(() => table.addFromClient(id, "x"))).toBe("protocol");
  }
  for (const id of [0, 1, CLIENT_ID_MAX, 0x1_0000_0000]) {
    expect(codeOf(() => table.addFromServer(id, "x"))).toBe("protocol");
  }
  table.addFromClient(CLIENT_ID_MAX, "last");
  table.addFromServer(SERVER_ID_MIN, "first");
  expect(codeOf(() => table.addFromClient(CLIENT_ID_MAX, "again"))).toBe("protocol");
  expect([...table.values()]).toEqual(["last", "first"]);
  expect(table.get(SERVER_ID_MIN)).toBe("first");
});

test("a strict table refuses ids that skip some, a full one refuses all", () => {
  const table = new ObjectTable<string>({ strict: true, maxObjects: 3 });
  table.addFromClient(1, "display");
  expect(codeOf(() => table.addFromClient(3, "x"))).toBe("protocol");
  table.addFromClient(2, "x");
  table.delete(1);
  table.addFromClient(1, "used before");
  table.addFromServer(SERVER_ID_MIN, "x");
  expect(codeOf(() => table.addFromServer(SERVER_ID_MIN + 1, "x"))).toBe("limit");
});
