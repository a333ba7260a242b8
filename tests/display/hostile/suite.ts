/** The tests of a set of attacks on one compositor, which they share. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Stage, type StageKind } from "../../support/display-stage.ts";
import type { Attack, Attacker } from "./attack.ts";
import { TOPICS } from "./catalogue.ts";
import { runAttack } from "./run-attack.ts";

const DEADLINE_MS = 60_000;
/**
 * What all attacks of the later topics together may add to the memory of this process, in bytes. It holds both halves of
 * the display, and the attackers and bystanders too: their garbage and compiled code. One in thirty of them that left just
 * its pending events behind (4 MiB) would show.
 */
const MAX_GROWTH_BYTES = 128 * 1024 * 1024;

/** Tests of the attacks that `chosen` takes, each by everyone who can do it. */
export function attackOn(kind: StageKind, chosen: (attack: Attack, topic: string) => boolean): void {
  describe(`on ${kind}`, () => {
    let stage: Stage;
    let memory: number | undefined;
    beforeAll(async () => {
      stage = await Stage.open(kind);
    }, DEADLINE_MS);
    afterAll(() => stage[Symbol.asyncDispose]());

    const topics = Object.keys(TOPICS).filter((topic) => TOPICS[topic]?.some((attack) => chosen(attack, topic)));
    describe.each(topics)("%s", (topic) => {
      const cases = (TOPICS[topic] ?? [])
        .filter((attack) => chosen(attack, topic))
        .flatMap((attack) => attack.by.map((by): [string, Attack, Attacker] => [`${attack.name} (${by})`, attack, by]));
      test.each(cases)(
        "%s",
        async (_name, attack, by) => {
          if (attack.needs.every((need) => stage.offers(need))) await runAttack(stage, attack, by);
        },
        DEADLINE_MS,
      );
      afterAll(() => {
        memory ??= residentBytes();
      });
    });

    test(
      "nothing is kept",
      async () => {
        expect(await stage.settle()).toEqual({ clients: 0, windows: 0, descriptors: 0 });
      },
      DEADLINE_MS,
    );

    test("memory stays flat", () => {
      expect(residentBytes() - (memory ?? 0)).toBeLessThan(MAX_GROWTH_BYTES);
    });
  });
}

function residentBytes(): number {
  Bun.gc(true);
  return process.memoryUsage.rss();
}
