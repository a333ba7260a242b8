/**
 * The fuzzer: `npm run fuzz -- [--seconds N] [--seed S] [--first N] [--way app|guest|stream] [--compositor KIND]
 * [--without INTERFACE.REQUEST,...]`; KIND may be "stand-in" and "moving" too.
 *
 * It makes up sessions from the protocol tables, as apps and as guest halves that lie, and runs them through the display
 * on a real compositor. What finds something is shrunk and written to tests/fuzz/corpus/, from where the tests do it
 * again; the process ends with status 1. VITRINE_TEST_SWAY and VITRINE_TEST_WESTON choose another compositor.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Leftovers, Stage, type StageKind } from "../support/display-stage.ts";
import { allRequests, type FuzzRun, fuzz, WAYS } from "./fuzz.ts";
import type { Way } from "./plans.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    way: { type: "string" },
    compositor: { type: "string", default: "sway" },
    without: { type: "string", default: "" },
  },
});
const kind = values.compositor as StageKind;
const ways = values.way === undefined ? WAYS : ([values.way as Way] as const);
const exceptions: string[] = [];
process.on("uncaughtException", (error) => exceptions.push(error.stack ?? String(error)));
process.on("unhandledRejection", (error) => exceptions.push(String(error)));

const { result, leftovers } = await withStage(async (stage) => {
  const result = await fuzz(stage, {
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    first: Number(values.first),
    ways,
    without: new Set(values.without.split(",")),
  });
  return { result, leftovers: result.found === undefined ? await stage.settle() : stage.leftovers };
});
report(result, leftovers);
process.exit((await keepFinding(result)) || exceptions.length > 0 ? 1 : 0);

async function withStage<T>(act: (stage: Stage) => Promise<T>): Promise<T> {
  await using stage = await Stage.open(kind);
  return await act(stage);
}

function report({ sessions, operations, seconds, refusals, made, grownBytes }: FuzzRun, leftovers: Leftovers): void {
  const rate = (count: number) => Math.round(count / seconds);
  console.log(
    `seed ${values.seed}: ${sessions} sessions (${rate(sessions)}/s), ${operations} operations (${rate(operations)}/s)`,
  );
  const all = allRequests();
  const missing = all.filter((request) => !made.has(request));
  console.log(`${all.length - missing.length} of ${all.length} requests were made; not: ${missing.join(" ")}`);
  console.log(`left: ${JSON.stringify(leftovers)}; memory grew by ${Math.round(grownBytes / 1024)} KiB`);
  for (const [text, count] of [...refusals].sort((a, b) => b[1] - a[1])) console.log(`${count}\trefused: ${text}`);
  for (const exception of exceptions) console.log(`EXCEPTION ${exception}`);
}

/** Shrinks what was found and writes it to the corpus. True when there was something. */
async function keepFinding({ found }: FuzzRun): Promise<boolean> {
  if (found === undefined) return false;
  const { session, finding, at } = found;
  console.log(`FOUND in session ${at}: ${finding.kind}: ${finding.text}`);
  const short = await shrink(kind, session, finding);
  if (short === undefined) console.log("not found again when the session alone is repeated; kept whole");
  const text = `${JSON.stringify(short ?? session, undefined, 1)}\n`;
  const name = `${finding.kind.replaceAll(" ", "-")}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.json`;
  const path = join(import.meta.dirname, "corpus", name);
  writeFileSync(path, text);
  console.log(`${(short ?? session).operations.length} operations in ${path}`);
  return true;
}
