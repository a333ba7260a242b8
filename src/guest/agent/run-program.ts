/** Programs of the tools image that do one thing for the agent and end. */
import { execFile } from "node:child_process";

/**
 * Runs a program to its end, as root in the agent's own root. Rejects when it cannot be started, or ends with a status
 * other than 0: that is then the error's `code`. (By hand: node:util is a lot to load for `promisify` alone, as the
 * machine starts.)
 */
export function runProgram(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (error) => (error === null ? resolve() : reject(error)));
  });
}
