import { expect, test } from "bun:test";
import fc from "fast-check";
import { ArenaAllocator } from "./arena-allocator.ts";

fc.configureGlobal({ seed: 20261124 });

const PAGE = 4096;
const PAGES = 64;
const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("allocate" as const), bytes: fc.integer({ min: 1, max: 160_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat() }) },
);

test("any sequence: ranges lie in the arena, never overlap, and one is refused only when none fits", () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const allocator = new ArenaAllocator(PAGES * PAGE + 100);
      // The model: which pages are in use.
      const pages = new Array<boolean>(PAGES).fill(false);
      const live: { first: number; count: number }[] = [];
      for (const step of commands) {
        if (step.kind === "allocate") {
          const count = Math.ceil(step.bytes / PAGE);
          const offset = allocator.allocate(step.bytes);
          if (offset === undefined) {
            refused += 1;
            expect(longestFreeRun(pages)).toBeLessThan(count);
            continue;
          }
          expect(offset % PAGE).toBe(0);
          const first = offset / PAGE;
          expect(first + count).toBeLessThanOrEqual(PAGES);
          expect(pages.slice(first, first + count)).toEqual(new Array(count).fill(false));
          pages.fill(true, first, first + count);
          live.push({ first, count });
        } else if (live.length > 0) {
          const [range] = live.splice(step.which % live.length, 1);
          if (range === undefined) continue;
          allocator.release(range.first * PAGE);
          pages.fill(false, range.first, range.first + range.count);
        }
        expect(allocator.freeBytes).toBe(pages.filter((used) => !used).length * PAGE);
      }
      for (const { first } of live) allocator.release(first * PAGE);
      // All free again, in one piece.
      expect(allocator.allocate(PAGES * PAGE)).toBe(0);
    }),
    { numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(100);
});

test("takes back only what it gave out", () => {
  const allocator = new ArenaAllocator(8 * PAGE);
  expect(allocator.allocate(1)).toBe(0);
  allocator.release(0);
  expect(() => allocator.release(0)).toThrow("it is not in use");
  expect(() => allocator.release(PAGE)).toThrow("it is not in use");
});

test("an arena of less than a page gives nothing", () => {
  expect(new ArenaAllocator(0).allocate(1)).toBeUndefined();
  expect(new ArenaAllocator(PAGE - 1).allocate(1)).toBeUndefined();
  expect(new ArenaAllocator(PAGE).allocate(1)).toBe(0);
});

function longestFreeRun(pages: readonly boolean[]): number {
  let longest = 0;
  let run = 0;
  for (const used of pages) {
    run = used ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}
