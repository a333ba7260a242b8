/**
 * Faults: `npm run test:faults -- [--points N] [--seed S] [--first N] [--stages NAME,...]`.
 *
 * Kills any process of a sandbox with a window, of a machine that is made ready or adopted, of a command or of whoever takes a
 * snapshot at random moments of start, restore, run, stop and trials; looks each time whether the next command works, nothing is left, and what was flushed is on the disk. Ends with
 * status 1 when something was found; `--first N --points 1` tries one of them again.
 */
import { parseArgs } from "node:util";
import { tryFaults } from "./faults.ts";
import { ALL_STAGES } from "./point.ts";
import { World } from "./world.ts";

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    stages: { type: "string", default: Object.keys(ALL_STAGES).join() },
  },
});
const world = await World.open();
const points = Number(values.points);
const stages = values.stages.split(",");
const found = await tryFaults(world, {
  seed: Number(values.seed),
  points,
  first: Number(values.first),
  stages: Object.fromEntries(Object.entries(ALL_STAGES).filter(([stage]) => stages.includes(stage))),
  onPoint: (index, { stage, moment }, { killed, problems }) => {
    console.log(`${index}\t${stage} at ${Math.round(moment * 100)} %\tkilled: ${killed ?? "nobody"}`);
    for (const problem of problems) console.log(`FOUND\t${problem}`);
    if (problems.length > 0) console.log(world.log());
  },
});
console.log(`seed ${values.seed}: ${points} points, ${found} with findings`);
await world.close();
process.exit(found === 0 ? 0 : 1);
