/** Asking the user before something is gone for good. */
import { createInterface } from "node:readline/promises";
import { VitrineError } from "../../base/error.ts";

/**
 * Asks on the terminal, and throws "cancelled" unless the answer is yes. Where nobody can be asked it throws
 * "invalid-argument": scripts say so on the command line.
 */
export async function confirm(question: string, options: { yes: boolean }): Promise<void> {
  if (options.yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new VitrineError("invalid-argument", `Cannot ask "${question}": no terminal`, { fix: "add --yes" });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new VitrineError("cancelled", "Nothing was changed");
  } finally {
    terminal.close();
  }
}
