/** Shell completions. The shell asks `vitrine __complete WORD...` for proposals, which come from the commands themselves. */
import { proposeCompletions } from "@stricli/core";
import { vitrineApplication } from "./application.ts";
import type { CliContext } from "./context.ts";

/** First argument by which a shell asks; no command of ours. */
export const COMPLETE = "__complete";

/** Prints one proposal per line for the last of `words`. */
export async function complete(context: CliContext, words: readonly string[]): Promise<void> {
  const proposals = await proposeCompletions(
    await vitrineApplication(words.length > 1 ? words[0] : undefined),
    words,
    context,
  );
  for (const { completion } of proposals) context.process.stdout.write(`${completion}\n`);
}
