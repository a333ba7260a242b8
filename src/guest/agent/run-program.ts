/** Programs of the tools image that do one thing for the agent and end. */
import { VitrineError } from "../../base/error.ts";

/**
 * Runs a program to its end, as root in the agent's own root, and resolves if its exit status is among
 * `accepted`. Rejects with "io" else, and when it cannot be started. What it has to say it says on the guest's console.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  accepted: readonly number[] = [0],
): Promise<void> {
  const { exited } = Bun.spawn([program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const status = await exited;
  if (accepted.includes(status)) return;
  throw new VitrineError("io", `Cannot go on: "${[program, ...args].join(" ")}" ended with status ${status}`);
}
