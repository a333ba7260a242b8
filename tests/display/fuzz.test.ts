/**
 * The fuzzer for a stated time with stated seeds, and everything that it has ever found, done again. `npm run fuzz` goes on
 * from there.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fuzz } from "../fuzz/fuzz.ts";
import type { Session } from "../fuzz/operation.ts";
import { repeatSession } from "../fuzz/run-session.ts";
import { Stage } from "../support/display-stage.ts";

const DEADLINE_MS = 120_000;
const CORPUS = join(import.meta.dirname, "../fuzz/corpus");
const FOUND = readdirSync(CORPUS).filter((name) => name.endsWith(".json"));
const SEEDS = [1, 2, 3] as const;
const SECONDS_PER_SEED = 6;
/** Thousands of sessions leave garbage and compiled code, and no more: each would show a leak of 10 KiB. */
const MAX_GROWTH_BYTES = 48 * 1024 * 1024;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("sway");
}, DEADLINE_MS);
afterAll(() => stage[Symbol.asyncDispose]());

test.each(FOUND)(
  "found once: %s",
  async (name) => {
    const session = JSON.parse(readFileSync(join(CORPUS, name), "utf8")) as Session;
    expect((await repeatSession(stage, session)).finding).toBeUndefined();
  },
  DEADLINE_MS,
);

test.each(SEEDS)(
  "sessions of seed %d",
  async (seed) => {
    const { found, sessions, grownBytes } = await fuzz(stage, { seed, seconds: SECONDS_PER_SEED });
    expect(found).toBeUndefined();
    expect(sessions).toBeGreaterThan(0);
    expect(grownBytes).toBeLessThan(MAX_GROWTH_BYTES);
  },
  DEADLINE_MS,
);

test(
  "nothing is left of all sessions",
  async () => {
    expect(await stage.settle()).toEqual({ clients: 0, windows: 0, descriptors: 0 });
  },
  DEADLINE_MS,
);

test(
  "sessions whose apps move, to the stand-in and back",
  async () => {
    await using moving = await Stage.open("moving");
    const { found, sessions, grownBytes } = await fuzz(moving, { seed: 1, seconds: SECONDS_PER_SEED });
    expect(found).toBeUndefined();
    expect(sessions).toBeGreaterThan(0);
    expect(grownBytes).toBeLessThan(MAX_GROWTH_BYTES);
    expect(await moving.settle()).toEqual({ clients: 0, windows: 0, descriptors: 0 });
  },
  DEADLINE_MS,
);
