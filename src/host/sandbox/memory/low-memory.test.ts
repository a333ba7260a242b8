import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SandboxRecord } from "../record.ts";
import type { Activity } from "../supervisor/idle.ts";
import { pressureOf, readHostMemory, reliefOf } from "./low-memory.ts";
import { MemoryKeeper, type MemoryKeeperOptions } from "./memory-keeper.ts";

const SEED = 3;
const GIB = 1024 ** 3;
/** Times of the test: the first is long enough that nothing in it runs out by chance. */
const LONG_MS = 60_000;
const SHORT_MS = 30;

test("memory is short below a tenth, dangerous below a twentieth", () => {
  const at = (available: number) => pressureOf({ total: 100, available });
  expect([50, 10, 9, 5, 4].map(at)).toEqual(["none", "none", "short", "short", "dangerous"]);
  const { total, available } = readHostMemory();
  expect(total).toBeGreaterThan(available);
  expect(available).toBeGreaterThan(0);
});

const sandbox = fc.record({
  name: fc.string({ minLength: 1, maxLength: 3 }),
  idleSince: fc.option(fc.integer({ min: 0, max: 5 })),
  shrunk: fc.boolean(),
  startedAt: fc.integer({ min: 0, max: 5 }),
});

test("nobody with a window is asked; all idle ones shrink before one ends, the one used longest ago first", () => {
  const sandboxes = fc.uniqueArray(sandbox, { selector: ({ name }) => name, maxLength: 6 });
  fc.assert(
    fc.property(sandboxes, fc.constantFrom("none", "short", "dangerous"), (all, pressure) => {
      const turn = reliefOf(pressure, all);
      const idle = all.filter(({ idleSince }) => idleSince !== null);
      const candidates = idle.some(({ shrunk }) => !shrunk) ? idle.filter(({ shrunk }) => !shrunk) : idle;
      const relief = candidates.some(({ shrunk }) => !shrunk) ? "shrink" : "stop";
      if (pressure === "none" || candidates.length === 0 || (relief === "stop" && pressure === "short")) {
        expect(turn).toBeUndefined();
        return;
      }
      expect(turn?.relief).toBe(relief);
      const chosen = candidates.find(({ name }) => name === turn?.name);
      expect(chosen?.idleSince).toBe(Math.min(...candidates.map(({ idleSince }) => idleSince ?? 0)));
      // Every supervisor comes to the same conclusion, in whatever order it reads the records.
      expect(reliefOf(pressure, all.toReversed())).toEqual(turn);
    }),
    { seed: SEED },
  );
});

/** Sandboxes of a host whose memory the test sets. */
class Host {
  available = GIB;
  readonly done: string[] = [];
  readonly records = new Map<string, SandboxRecord>();
  readonly keepers: MemoryKeeper[] = [];

  add(name: string, options: Partial<MemoryKeeperOptions> = {}): MemoryKeeper {
    const keeper = new MemoryKeeper({
      record: { name, image: "", supervisorPid: 1, startedAt: this.records.size },
      write: (record) => this.records.set(name, record),
      peers: () => [...this.records.values()],
      shrink: async () => void this.done.push(`${name} shrinks`),
      stop: () => {
        this.done.push(`${name} stops`);
        this.records.delete(name);
      },
      firstWindowMs: LONG_MS,
      hostMemory: () => ({ total: GIB, available: this.available }),
      ...options,
    });
    this.keepers.push(keeper);
    return keeper;
  }

  async look(): Promise<void> {
    for (const keeper of this.keepers) keeper.relieveHost();
    await Promise.resolve();
  }
}

test("sandboxes relieve their host one after the other, and are left alone when they are in use again", async () => {
  const host = new Host();
  const [first, second, third] = ["first", "second", "third"].map((name) => host.add(name));
  try {
    const background = { connections: 0, processes: 1, windows: 0 };
    for (const keeper of [first, second]) {
      keeper?.update({ ...background, windows: 1 });
      keeper?.update(background);
      await Bun.sleep(2); // They are told apart by the millisecond.
    }
    third?.update({ connections: 0, processes: 1, windows: 1 });
    await host.look();
    expect(host.done).toEqual([]);
    host.available = GIB * 0.08;
    for (let looks = 0; looks < 4; looks++) await host.look();
    expect(host.done).toEqual(["first shrinks", "second shrinks"]);
    first?.update({ connections: 1, processes: 1, windows: 0 });
    host.available = GIB * 0.02;
    await host.look();
    expect(host.done.slice(2)).toEqual(["second stops"]);
    await host.look();
    expect(host.done).toHaveLength(3);
    first?.update(background);
    await host.look();
    expect(host.done.slice(3)).toEqual(["first stops"]);
  } finally {
    for (const keeper of host.keepers) keeper.close();
  }
});

describe("an app that has shown no window yet", () => {
  const started = { connections: 0, processes: 1, windows: 0 };

  /** Milliseconds until a sandbox with that history shrinks, of which an app without a window has `firstWindowMs`. */
  function shrinksAfter(firstWindowMs: number, ...history: Activity[]): Promise<number> {
    const began = performance.now();
    return new Promise((resolve) => {
      const host = new Host();
      const keeper = host.add("slow", {
        ...{ idleMs: 1, firstWindowMs },
        shrink: async () => {
          keeper.close();
          resolve(performance.now() - began);
        },
      });
      for (const activity of history) keeper.update(activity);
    });
  }

  test("is in use for a while, and no longer", async () => {
    expect(await shrinksAfter(SHORT_MS, started)).toBeGreaterThanOrEqual(SHORT_MS - 1);
  });

  test("is not waited for when it has shown one, or has ended", async () => {
    expect(await shrinksAfter(LONG_MS, started, { ...started, windows: 1 }, started)).toBeLessThan(LONG_MS / 10);
    expect(await shrinksAfter(LONG_MS, started, { ...started, processes: 0 })).toBeLessThan(LONG_MS / 10);
  });

  test("is waited for also while another command comes and goes, which is not waited for itself", async () => {
    const history = [started, { ...started, processes: 2 }, started];
    expect(await shrinksAfter(SHORT_MS, ...history)).toBeGreaterThanOrEqual(SHORT_MS - 1);
    const shown = [started, { ...started, windows: 1 }, ...history];
    expect(await shrinksAfter(LONG_MS, ...shown)).toBeLessThan(LONG_MS / 10);
  });

  test("does nothing for a host that is short of memory until then", async () => {
    const host = new Host();
    const ended = Promise.withResolvers<void>();
    const shrink = async () => ended.resolve();
    const keeper = host.add("slow", { idleMs: 1, firstWindowMs: SHORT_MS, shrink });
    try {
      keeper.update(started);
      host.available = GIB * 0.02;
      await host.look();
      expect([host.done, host.records.get("slow")?.idleSince]).toEqual([[], null]);
      await ended.promise;
      expect(host.records.get("slow")?.idleSince).toBeNumber();
      // The first look may find that it has not written down yet that it has shrunk.
      for (let looks = 0; looks < 2; looks++) await host.look();
      expect(host.done).toEqual(["slow stops"]);
    } finally {
      keeper.close();
    }
  });
});

test("a sandbox that ends while it shrinks writes no record any more", async () => {
  const host = new Host();
  const keeper = host.add("ending");
  keeper.update({ connections: 0, processes: 0, windows: 0 });
  host.available = GIB * 0.08;
  keeper.relieveHost();
  keeper.close();
  host.records.clear();
  await Bun.sleep(0);
  expect(host.done).toEqual(["ending shrinks"]);
  expect(host.records.size).toBe(0);
});
