/** What idle sandboxes of one image cost the host. */
import { vitrine } from "../src/cli/test-support.ts";
import { memoryOf, translatedCode } from "./processes.ts";

/** How long sandboxes are left alone before they are measured, in milliseconds. */
const SETTLE_MS = 5000;

/** Bytes of monitors and supervisors together. */
export interface Density {
  readonly sandboxes: number;
  /** Held by one process alone. */
  readonly private: number;
  /** The part of that which is code the emulator has made, and which there is not where there is KVM. */
  readonly translated: number;
  /** What is shared counts in equal parts for each that has it. */
  readonly proportional: number;
}

/** Starts that many sandboxes, each with one process that sleeps, measures and stops them. */
export async function measureDensity(
  image: string,
  environment: Readonly<Record<string, string>>,
  options: { sandboxes: number; snapshots: boolean },
): Promise<Density> {
  const names = Array.from({ length: options.sandboxes }, (_, index) => `idle${index}`);
  const how = options.snapshots ? [] : ["--no-snapshot"];
  try {
    for (const name of names) {
      const words = ["run", "--image", image, "--name", name, "--no-display", ...how, "--", "sleep", "1000000"];
      const { status, errors } = await vitrine(words, environment);
      if (status !== 0) throw new Error(errors);
    }
    await Bun.sleep(SETTLE_MS);
    const listed: { supervisorPid: number; monitorPid: number }[] = JSON.parse(
      (await vitrine(["list", "--json"], environment)).out.toString(),
    );
    const memory = memoryOf(listed.flatMap(({ supervisorPid, monitorPid }) => [supervisorPid, monitorPid]));
    const translated = translatedCode(listed.map(({ monitorPid }) => monitorPid));
    return { sandboxes: listed.length, private: memory.private, translated, proportional: memory.proportional };
  } finally {
    for (const name of names) await vitrine(["stop", name, "--force"], environment);
  }
}
