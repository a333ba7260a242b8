/** Where random numbers come from in the guest: from its kernel, each time, and from nowhere else. */
import { isTest, isTypeScript, matchingLines, type Rule } from "./rule.ts";

/** What the agent is made of. */
const AGENT = /^src\/(?:base|sys|wayland|channel|guest)\//;
/** Generators of the runtime, which keep a state in the process's memory. */
const GENERATORS = /\bMath\.random\b|\bnode:crypto\b|\bcrypto\.\w+|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/g;

/**
 * Sandboxes of one image start from one saved machine. The kernel's generator gets fresh entropy in each of them; one in
 * the agent's memory would go on alike in all.
 */
export const randomRule: Rule = (files) =>
  files
    .filter((file) => isTypeScript(file) && AGENT.test(file.path) && !isTest(file.path))
    .flatMap((file) =>
      matchingLines(file, GENERATORS, (match) => `the agent may not use "${match}": machines are copied`),
    );
