/** Makes a session that found something as short as it can be and still find the same. */
import { Stage, type StageKind } from "../support/display-stage.ts";
import type { Operation, Session } from "./operation.ts";
import { type Finding, repeatSession } from "./run-session.ts";

/** Repetitions that a finding may cost; each has a compositor of its own when the last one has died. */
const MAX_REPETITIONS = 150;

/** The shortest session found; undefined when it does not find the same a second time. */
export async function shrink(kind: StageKind, session: Session, finding: Finding): Promise<Session | undefined> {
  await using stages = new FreshStages(kind);
  const finds = async (operations: readonly Operation[]): Promise<boolean> => {
    const again = (await repeatSession(await stages.stage(), { ...session, operations })).finding;
    if (again !== undefined) await stages.drop();
    return again?.kind === finding.kind;
  };
  if (!(await finds(session.operations))) return undefined;
  let operations = [...session.operations];
  let repetitions = 1;
  for (let chunk = operations.length >> 1; chunk >= 1; chunk >>= 1) {
    for (let at = 0; at < operations.length && repetitions < MAX_REPETITIONS; ) {
      const fewer = [...operations.slice(0, at), ...operations.slice(at + chunk)];
      repetitions += 1;
      if (await finds(fewer)) operations = fewer;
      else at += chunk;
    }
  }
  return { ...session, operations };
}

/** A stage, and a new one after each finding. */
class FreshStages implements AsyncDisposable {
  readonly #kind: StageKind;
  #current: Stage | undefined;

  constructor(kind: StageKind) {
    this.#kind = kind;
  }

  async stage(): Promise<Stage> {
    this.#current ??= await Stage.open(this.#kind);
    return this.#current;
  }

  async drop(): Promise<void> {
    await this.#current?.[Symbol.asyncDispose]();
    this.#current = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }
}
