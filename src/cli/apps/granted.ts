/** What an app may do, for `vitrine info`: as its sandbox has it, else as a new one would. */
import { existsSync } from "node:fs";
import { formatPolicy } from "../../host/network/policy.ts";
import { type Policy, SHIPPED_POLICY, settingOf } from "../../host/policy/policy.ts";
import { TOPIC_NAMES, TOPICS } from "../../host/policy/topics.ts";
import { findConfig } from "../../host/sandbox/config.ts";
import type { Environment } from "../../host/sandbox/directories.ts";
import { loadPolicy, policyPaths } from "../../host/sandbox/policy-files.ts";

export interface Granted {
  readonly name: string;
  readonly granted: string;
  /** What that is about. */
  readonly brief: string;
}

/** `sandbox`: where it is installed. */
export async function grantedTo(sandbox: string | undefined, environment: Environment): Promise<Granted[]> {
  const policy = await policyOf(sandbox, environment);
  const topics = TOPIC_NAMES.map((name): Granted => {
    return { name, granted: settingOf(policy, name).value, brief: TOPICS[name].brief };
  });
  return [
    { name: "network", granted: networkOf(sandbox, environment), brief: "reach it (vitrine network)" },
    { name: "files", granted: "own", brief: "see those of its own home and none of yours" },
    { name: "devices", granted: "none", brief: "use a camera, microphone, printer, USB" },
    ...topics,
  ];
}

async function policyOf(sandbox: string | undefined, environment: Environment): Promise<Policy> {
  // Without files there is nothing to read, and reading takes long.
  const paths = policyPaths(sandbox ?? "new", environment);
  const files = sandbox === undefined ? [paths.global] : [paths.sandbox, paths.global];
  return files.some((path) => existsSync(path)) ? await loadPolicy(sandbox ?? "new", environment) : SHIPPED_POLICY;
}

function networkOf(sandbox: string | undefined, environment: Environment): string {
  try {
    const config = sandbox === undefined ? undefined : findConfig(sandbox, environment);
    return formatPolicy(config?.network ?? { kind: "internet" });
  } catch {
    return "unknown"; // The sandbox's own commands say what is wrong with it.
  }
}
