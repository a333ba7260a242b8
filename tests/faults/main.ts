/**
 * Faults: `npm run test:faults -- [--points N] [--seed S] [--first N]`.
 *
 * Kills any process of a sandbox, of a command or of whoever takes a snapshot at random moments of start, restore, run and
 * stop; looks each time whether the next command works, nothing is left, and what was flushed is on the disk. Ends with
 * status 1 when something was found; `--first N --points 1` tries one of them again.
 */
import { parseArgs } from "node:util";
import { tryFaults } from "./faults.ts";
import { World } from "./world.ts";

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
  },
});
const world = await World.open();
const points = Number(values.points);
const found = await tryFaults(world, {
  seed: Number(values.seed),
  points,
  first: Number(values.first),
  onPoint: (index, { stage, moment }, { killed, problems }) => {
    console.log(`${index}\t${stage} at ${Math.round(moment * 100)} %\tkilled: ${killed ?? "nobody"}`);
    for (const problem of problems) console.log(`FOUND\t${problem}`);
    if (problems.length > 0) console.log(world.log().split("\n").slice(-30).join("\n"));
  },
});
console.log(`seed ${values.seed}: ${points} points, ${found} with findings`);
await world.close();
process.exit(found === 0 ? 0 : 1);
