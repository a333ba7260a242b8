/**
 * Where policies lie: one file for each sandbox, one for all, in $XDG_CONFIG_HOME/vitrine. The sandbox's own comes first.
 *
 *   policy.d/SANDBOX.conf
 *   policy.conf
 */
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { MAX_POLICY_CHARS, type PolicyFile, parsePolicy } from "../policy/parse.ts";
import { describeProblem, type Policy } from "../policy/policy.ts";
import { checkSandboxName, configDirectory, type Environment } from "./directories.ts";

export interface PolicyPaths {
  readonly sandbox: string;
  readonly global: string;
}

/** The policy files of the sandbox `name`; neither need exist. Throws "invalid-argument" for a bad name. */
export function policyPaths(name: string, environment: Environment = process.env): PolicyPaths {
  const folder = configDirectory(environment);
  return {
    sandbox: join(folder, "policy.d", `${checkSandboxName(name)}.conf`),
    global: join(folder, "policy.conf"),
  };
}

/** The policy of the sandbox `name`, as its files say it now. Does not throw for what is wrong in them: see {@link Policy}. */
export async function loadPolicy(name: string, environment: Environment = process.env): Promise<Policy> {
  const paths = policyPaths(name, environment);
  return parsePolicy([readPolicyFile(paths.sandbox), readPolicyFile(paths.global)], await allowedInterfaces());
}

/** The names of the interfaces that a policy can speak of. */
export async function allowedInterfaces(): Promise<ReadonlySet<string>> {
  const { relayRegistry } = await import("../display/allow-list.ts");
  return new Set(relayRegistry.globals.keys());
}

/** One file; one that is not there is empty. */
export function readPolicyFile(path: string): PolicyFile {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return { path, text: "" };
    if (!status.isFile()) return { path, unreadable: "it is no file" };
    // Of UTF-8, a character has at most this many bytes.
    if (status.size > MAX_POLICY_CHARS * 4)
      return { path, unreadable: `it is longer than ${MAX_POLICY_CHARS} characters` };
    return { path, text: readFileSync(path, "utf8") };
  } catch (error) {
    return { path, unreadable: (error as Error).message };
  }
}

/** Replaces a policy file whole, or not at all; without any text it is removed. */
export function writePolicyFile(path: string, text: string): void {
  if (text.trim() === "") return rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // People keep such files elsewhere and link to them.
  const target = statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
  writeFileSync(`${target}.new`, text, { mode: 0o600 });
  renameSync(`${target}.new`, target);
}

/** Throws "corrupt" when a file of the policy is broken: nothing is to run under a policy that nobody meant. */
export function requireSound(name: string, policy: Policy): void {
  if (policy.kind !== "broken") return;
  const [first, ...more] = policy.problems.map(describeProblem);
  const others = more.length === 0 ? "" : `, and ${more.length} more`;
  throw new VitrineError("corrupt", `Cannot use the policy of sandbox "${name}": ${first}${others}`, {
    fix: `edit ${policy.problems[0].place.file}; everything is denied until then`,
  });
}
