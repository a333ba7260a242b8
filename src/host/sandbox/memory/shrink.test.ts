import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ElasticMemory } from "../../vmm/driver.ts";
import { ELASTIC_BLOCK_BYTES, neededElastic, SHRINK_MARGIN_BYTES, shrink } from "./shrink.ts";

const SEED = 5;
const MIB = 1024 * 1024;
const ELASTIC = 512 * MIB;

test("a guest is left what it uses and a margin, in whole blocks, and never more than there is", () => {
  const memory = fc.integer({ min: 0, max: 2048 * MIB });
  fc.assert(
    fc.property(memory, memory, fc.integer({ min: 0, max: ELASTIC }), (total, available, plugged) => {
      const needed = neededElastic({ total, available }, plugged, ELASTIC);
      expect(needed % ELASTIC_BLOCK_BYTES).toBe(0);
      expect(needed).toBeGreaterThanOrEqual(0);
      expect(needed).toBeLessThanOrEqual(ELASTIC);
      const free = total - plugged + needed - (total - available);
      if (needed < ELASTIC) expect(free).toBeGreaterThanOrEqual(SHRINK_MARGIN_BYTES);
    }),
    { seed: SEED },
  );
});

/** The memory of a guest that gives it up part by part. */
class Elastic implements ElasticMemory {
  readonly bytes = ELASTIC;
  readonly requests: number[] = [];
  #now = ELASTIC;

  async request(bytes: number): Promise<void> {
    this.requests.push(bytes);
  }

  async plugged(): Promise<number> {
    const before = this.#now;
    const target = this.requests.at(-1) ?? ELASTIC;
    this.#now = Math.max(target, this.#now - 200 * MIB);
    return before;
  }
}

describe("shrinking", () => {
  test("takes what is not used, and gives it again", async () => {
    const elastic = new Elastic();
    const memory = { total: 900 * MIB, available: 700 * MIB };
    expect(await shrink(elastic, memory)).toBe(ELASTIC);
    expect(elastic.requests).toEqual([0, ELASTIC]);
  });

  test("asks for nothing where all is used", async () => {
    const elastic = new Elastic();
    expect(await shrink(elastic, { total: 900 * MIB, available: 10 * MIB })).toBe(0);
    expect(elastic.requests).toEqual([]);
  });

  test("gives it again though the monitor has no answer", async () => {
    const elastic = new Elastic();
    let asked = 0;
    elastic.plugged = async () => {
      asked += 1;
      if (asked > 1) throw new Error("no answer");
      return ELASTIC;
    };
    await expect(shrink(elastic, { total: 900 * MIB, available: 700 * MIB })).rejects.toThrow("no answer");
    expect(elastic.requests.at(-1)).toBe(ELASTIC);
  });
});
