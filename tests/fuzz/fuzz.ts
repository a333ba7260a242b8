/** Runs sessions, one after the other, and watches what they leave: findings, refusals of the compositor, memory. */
import { relayRegistry } from "../../src/host/display/allow-list.ts";
import type { Stage } from "../support/display-stage.ts";
import type { Session } from "./operation.ts";
import type { Way } from "./plans.ts";
import { type Finding, fuzzSession } from "./run-session.ts";

export const WAYS: readonly [Way, ...Way[]] = ["app", "guest", "stream"];
/** Far apart, so that neighbouring seeds share no session. */
const SEED_STEP = 1_000_003;
/** Within this time the allocator gives back some of what is free, if there is any. */
const GIVEN_BACK_MS = 400;

export interface FuzzRun {
  readonly sessions: number;
  readonly operations: number;
  readonly seconds: number;
  /** Errors of the compositor that came from sessions, by kind, and how often. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Requests that were made, as "interface.request", of all that a guest may make. */
  readonly made: ReadonlySet<string>;
  readonly found: { readonly session: Session; readonly finding: Finding; readonly at: number } | undefined;
  /** By how much the process has grown since the first tenth of the sessions, in bytes. */
  readonly grownBytes: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly ways?: readonly [Way, ...Way[]];
  /** The session to begin with. */
  readonly first?: number;
  /** Requests that are not made, as "interface.request": to go on while something known is unresolved. */
  readonly without?: ReadonlySet<string>;
}

/** Runs sessions until the time is over, or one finds something. */
export async function fuzz(stage: Stage, options: FuzzOptions): Promise<FuzzRun> {
  const { seed, seconds, ways = WAYS, first = 0, without } = options;
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const refusals = new Map<string, number>();
  const made = new Set<string>();
  let [sessions, operations, before] = [0, 0, 0];
  let found: FuzzRun["found"];
  for (let at = first; elapsed() < seconds && found === undefined; at++) {
    const way = ways[at % ways.length] ?? ways[0];
    const outcome = await fuzzSession(stage, way, seed * SEED_STEP + at, without);
    sessions += 1;
    operations += outcome.session.operations.length;
    for (const operation of outcome.session.operations) {
      if (operation.do === "request" && "of" in operation.on) made.add(`${operation.on.of}.${operation.name}`);
    }
    for (const refusal of outcome.refusals) refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    if (outcome.finding !== undefined) found = { session: outcome.session, finding: outcome.finding, at };
    if (before === 0 && elapsed() > seconds / 10) before = await residentBytes();
  }
  const grownBytes = before === 0 ? 0 : (await residentBytes()) - before;
  return { sessions, operations, seconds: elapsed(), refusals, made, found, grownBytes };
}

/** Memory of this process, once what was freed has gone back: the allocator takes its time with that. */
async function residentBytes(): Promise<number> {
  for (let last = Number.POSITIVE_INFINITY; ; ) {
    Bun.gc(true);
    const now = process.memoryUsage.rss();
    if (now >= last) return last;
    last = now;
    await Bun.sleep(GIVEN_BACK_MS);
  }
}

/** Every request that a guest may make. */
export function allRequests(): string[] {
  return [...relayRegistry.byInterface.values()].flatMap(({ table, version, requestRules }) =>
    table.requests
      .filter(({ since }, opcode) => requestRules[opcode] !== undefined && since <= version)
      .map(({ name }) => `${table.name}.${name}`),
  );
}
