/** Does what an attack says, and sees that what it expects comes of it and that everyone else lives on. */
import { expect } from "bun:test";
import { sanitizeText } from "../../../src/base/sanitize.ts";
import { eventually } from "../../support/deadline.ts";
import type { Stage } from "../../support/display-stage.ts";
import type { Attack, Attacker, Outcome, Scene } from "./attack.ts";
import { openScene } from "./scene.ts";

const NOTICE_DEADLINE_MS = 10_000;
const ROOM_DEADLINE_MS = 10_000;
/** So many connections leave room for what any attack opens. */
const MAX_LEAVING = 50;
/** Longer than any notice, so that only what is unsafe in one makes a difference. */
const NOTICE_CHARS = 100_000;

export async function runAttack(stage: Stage, attack: Attack, by: Attacker): Promise<void> {
  stage.forgetNotices();
  try {
    await act(stage, attack, by);
    await everyoneLives(stage);
  } catch (error) {
    throw new Error(`"${attack.name}" by ${by}; the display said: ${JSON.stringify(stage.notices)}`, { cause: error });
  }
}

async function act(stage: Stage, attack: Attack, by: Attacker): Promise<void> {
  // Those of the attack before may still be leaving.
  await eventually("waiting for room", ROOM_DEADLINE_MS, () => stage.leftovers.clients < MAX_LEAVING || undefined);
  using scene = await openScene(stage, by);
  await attack.act(scene);
  await expectOutcome(attack.expect, scene);
  if (attack.judge === "vitrine") {
    // What the compositor refuses has passed our checks.
    expect(stage.notices.filter((notice) => notice.includes("by the compositor"))).toEqual([]);
  }
}

/** Compositor and bystanders answer, and nothing that was said is a defect or holds bytes of a guest. */
async function everyoneLives(stage: Stage): Promise<void> {
  await stage.bystand();
  expect(stage.notices.filter((notice) => notice.includes("defect"))).toEqual([]);
  expect(stage.notices.filter((notice) => sanitizeText(notice, NOTICE_CHARS) !== notice)).toEqual([]);
}

async function expectOutcome(outcome: Outcome, { stage, client, ...scene }: Scene): Promise<void> {
  switch (outcome.kind) {
    case "error": {
      const { serverError, error } = await client.ended();
      if (serverError === undefined) throw error;
      expect({ on: serverError.interface, code: serverError.code }).toEqual({ on: outcome.on, code: outcome.code });
      return;
    }
    case "cut off":
      await client.ended();
      return;
    case "ignored":
      await client.roundtrip();
      return;
    case "clipped":
      await client.roundtrip();
      await outcome.check({ stage, client, ...scene });
      return;
    case "notice":
      await eventually(`waiting for a notice ${outcome.text}`, NOTICE_DEADLINE_MS, () =>
        stage.notices.some((text) => outcome.text.test(text)) ? true : undefined,
      );
      return;
    default:
      outcome satisfies never;
  }
}
