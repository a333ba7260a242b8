/**
 * KVM tested for real, on machines without it: `npm run test:kvm -- [--suites FILE,...] [--tests PATTERN]
 * [--firecracker PATH] [--cloud-hypervisor PATH] [--minutes N]`.
 *
 * An emulated host with SVM boots a Debian 13 system in which this very source tree runs as an ordinary user: the probe, a cold
 * start, a snapshot, a start from it, and the test suites of virtual machines that are named (by default those of sandboxes,
 * with a window on a headless desktop and an attack on the walls). With the program of another monitor the same is done on
 * that. Everything in it is as slow as emulation: a quarter of an hour, or an hour with suites.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { startHost } from "./emulated-host.ts";

const MEMORY_MIB = 6144;

const { values } = parseArgs({
  options: {
    suites: { type: "string", default: "src/cli/sandbox.vm.test.ts" },
    tests: { type: "string", default: "." },
    firecracker: { type: "string" },
    "cloud-hypervisor": { type: "string" },
    minutes: { type: "string", default: "120" },
  },
});
const programs = Object.fromEntries(
  (["firecracker", "cloud-hypervisor"] as const).flatMap((name) => {
    const path = values[name];
    return path === undefined ? [] : [[name, path]];
  }),
);
const folder = mkdtempSync(join(tmpdir(), "vitrine-kvm-"));
const host = await startHost({
  folder,
  memoryMib: MEMORY_MIB,
  programs,
  environment: {
    VITRINE_SLOW_HOST: "1",
    VITRINE_KVM_SUITES: values.suites,
    // The environment is handed over as words.
    VITRINE_KVM_TESTS: values.tests.replaceAll(" ", "."),
    VITRINE_KVM_DRIVER: Object.keys(programs)[0] ?? "qemu",
  },
});
const timer = setTimeout(() => host.kill("SIGKILL"), Number(values.minutes) * 60_000);
let [steps, failures, ended] = [0, 0, false];
for await (const line of createInterface({ input: host.stdout as Readable })) {
  console.log(line);
  const step = /KVM-STEP (\{.*\})/.exec(line)?.[1];
  if (step !== undefined) {
    steps += 1;
    if (JSON.parse(step).ok !== true) failures += 1;
  }
  if (/KVM-END 0/.test(line)) ended = true;
}
clearTimeout(timer);
rmSync(folder, { recursive: true });
console.log(`${steps} steps, ${failures} failed${ended ? "" : ", and it did not come to its end"}`);
process.exit(ended && failures === 0 ? 0 : 1);
