/** Runs one session, made up or done again, and says what is wrong afterwards. */
import { VitrineError } from "../../src/base/error.ts";
import { eventually } from "../support/deadline.ts";
import { SCREEN, type Stage } from "../support/display-stage.ts";
import { ANSWER_DEADLINE_MS, FuzzConnection } from "./connection.ts";
import { Generator } from "./generate.ts";
import type { Model } from "./model.ts";
import type { Operation, Session } from "./operation.ts";
import type { Way } from "./plans.ts";

/** Something that must not happen. */
export interface Finding {
  readonly kind: "defect" | "compositor died" | "compositor refused" | "miscount" | "hang" | "exception";
  readonly text: string;
}

export interface Outcome {
  readonly session: Session;
  readonly finding: Finding | undefined;
  /** Errors of the compositor that reached the session, by kind: each has passed our checks. */
  readonly refusals: readonly string[];
}

const KEYS = ["a", "Return", "Escape", "Tab", "F10", "space"];
const REFUSED = / was ended by the compositor: (.*)$/;
/** Errors about the display itself or objects of our own: nothing a guest does may cause them. */
const OURS = /^(wl_display|wl_registry|wl_shm|wl_shm_pool|wl_buffer) error/;

/** Runs the session that `seed` makes, without some requests ("interface.request"). */
export async function fuzzSession(
  stage: Stage,
  way: Way,
  seed: number,
  without?: ReadonlySet<string>,
): Promise<Outcome> {
  const generator = new Generator(seed, way, without);
  return await run(stage, way, (model) => generator.next(model));
}

/** Runs a session again. */
export async function repeatSession(stage: Stage, session: Session): Promise<Outcome> {
  let at = 0;
  return await run(stage, session.by, () => session.operations[at++]);
}

async function run(stage: Stage, way: Way, next: (model: Model) => Operation | undefined): Promise<Outcome> {
  stage.forgetNotices();
  const operations: Operation[] = [];
  let failure: Finding | undefined;
  try {
    using connection = new FuzzConnection(stage, way);
    await connection.sync();
    let framed = true;
    while (!connection.ended && framed) {
      const operation = next(connection.model);
      if (operation === undefined) break;
      operations.push(operation);
      if (operation.do === "sync") stage.move();
      if (operation.do === "sync") await connection.sync();
      else if (operation.do === "input") await use(stage, operation);
      else connection.perform(operation);
      framed = keepsFraming(operation);
    }
    // Where it is not known any more where a message begins, the answer to one may never come.
    await (framed ? connection.sync() : stage.bystand());
  } catch (error) {
    failure = whatFailed(error);
  }
  const alive = await stage.bystand().then(
    () => undefined,
    (error): Finding => ({ kind: "compositor died", text: String(error) }),
  );
  const refusals = stage.notices.flatMap((notice) => REFUSED.exec(notice)?.[1] ?? []).map(general);
  const finding = alive ?? failure ?? fromNotices(stage.notices, refusals) ?? (await fromCounts(stage));
  return { session: { by: way, operations }, finding, refusals };
}

function keepsFraming(operation: Operation): boolean {
  return operation.do !== "bytes" && !("spoilt" in operation && operation.spoilt?.spoil === "size");
}

function whatFailed(error: unknown): Finding {
  const known = VitrineError.from(error);
  return { kind: known.code === "timeout" ? "hang" : "exception", text: known.stack ?? known.message };
}

function fromNotices(notices: readonly string[], refusals: readonly string[]): Finding | undefined {
  const defect = notices.find((notice) => notice.includes("defect"));
  if (defect !== undefined) return { kind: "defect", text: defect };
  const ours = refusals.find((refusal) => OURS.test(refusal));
  return ours === undefined ? undefined : { kind: "compositor refused", text: ours };
}

/**
 * Connections may still be on their way out, and windows on their way to where they have moved, but in the end there is never
 * less than what the stage itself has.
 */
async function fromCounts(stage: Stage): Promise<Finding | undefined> {
  const enough = () => (stage.leftovers.clients >= 0 && stage.leftovers.windows >= 0) || undefined;
  const counted = await eventually("counting", ANSWER_DEADLINE_MS, enough).catch(() => false);
  return counted ? undefined : { kind: "miscount", text: JSON.stringify(stage.leftovers) };
}

/** Without the numbers that differ each time. */
function general(refusal: string): string {
  const [, head = "", text = ""] = /^(\S+ error \d+: )?(.*)$/.exec(refusal) ?? [];
  return head + text.replace(/-?\d+/g, "N").replace(/\ufffd$/, "");
}

async function use(stage: Stage, { what, at }: Extract<Operation, { do: "input" }>): Promise<void> {
  const { input } = stage;
  if (input === undefined) return;
  const { width, height } = SCREEN;
  switch (what) {
    case "move":
      return await input.moveTo((at * 37) % width, (at * 53) % height, width, height);
    case "click":
      return await input.click(at % 2 === 0 ? "left" : "right");
    case "press":
      return await input.press();
    case "release":
      return await input.release();
    case "key":
      return await input.key(KEYS[at % KEYS.length] ?? "a");
    case "scroll":
      return await input.scroll((at % 7) - 3);
    default:
      return what satisfies never;
  }
}
