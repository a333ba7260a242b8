/** Making and removing sandboxes. */
import { existsSync, readFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import type { NetworkPolicy } from "../network/policy.ts";
import { chooseColour, type SandboxColour } from "./colour.ts";
import {
  CONFIG_FORMAT,
  configDirectory,
  configNames,
  createConfig,
  findConfig,
  lockConfig,
  readConfig,
  removeConfig,
  renameConfig,
  type SandboxConfig,
  writeConfig,
} from "./config.ts";
import { checkSandboxName, type Environment, sandboxPaths } from "./directories.ts";
import {
  createHomeDisk,
  DEFAULT_HOME_BYTES,
  findHomeDisk,
  growHomeDisk,
  type HomeDisk,
  renewHomeDisk,
} from "./home-disk.ts";
import { awaitLock } from "./lock.ts";
import { moveLogs, removeLogs } from "./log-file.ts";
import { policyPaths, writePolicyFile } from "./policy-files.ts";
import { findSandbox } from "./record.ts";

export interface NewSandbox {
  readonly name: string;
  /** What its root is made of. */
  readonly system: SandboxConfig["system"];
  /** What it may reach; the internet when absent. */
  readonly network?: NetworkPolicy | undefined;
  /** Quota of its home; {@link DEFAULT_HOME_BYTES} when absent. */
  readonly homeBytes?: number | undefined;
  /** The one that is used least when absent. */
  readonly colour?: SandboxColour | undefined;
}

/** Makes a sandbox with an empty home; only for the holder of its lock. `fill` adds to its folder. Throws "already-exists", also when one without a home runs under that name. */
export function makeSandbox(
  wanted: NewSandbox,
  environment: Environment = process.env,
  fill: (directory: string) => void = () => {},
): SandboxConfig & { homeBytes: number } {
  const { name, system, homeBytes = DEFAULT_HOME_BYTES, network = { kind: "internet" } } = wanted;
  checkFree(checkSandboxName(name), environment);
  const colour = wanted.colour ?? freeColour(environment);
  const config: SandboxConfig = {
    format: CONFIG_FORMAT,
    name,
    createdAt: Date.now(),
    colour,
    network,
    system,
    previous: null,
  };
  createConfig(
    config,
    (directory) => {
      createHomeDisk(directory, homeBytes);
      fill(directory);
    },
    environment,
  );
  return { ...config, homeBytes };
}

/** Removes a sandbox, its home, its logs, and what it was allowed: another of its name has to be. Throws "not-found", and "unavailable" when it runs. */
export async function removeSandbox(name: string, environment: Environment = process.env): Promise<void> {
  using lock = lockConfig(name, environment);
  // A configuration that cannot be read is no reason to keep it.
  if (!configNames(environment).includes(name)) {
    lock.remove();
    readConfig(name, environment);
  }
  using _stopped = await holdStopped(name, "remove", environment);
  removeConfig(name, environment);
  removeLogs(name, environment);
  writePolicyFile(policyPaths(name, environment).sandbox, "");
  lock.remove();
}

/** Keeps a sandbox from being started as long as this is not disposed of. Throws "unavailable" when it runs. `what`: "remove". */
export async function holdStopped(name: string, what: string, environment: Environment): Promise<Disposable> {
  const lock = await awaitLock(sandboxPaths(name, environment));
  if (lock !== undefined) return { [Symbol.dispose]: () => lock.release() };
  throw new VitrineError("unavailable", `Cannot ${what} sandbox "${name}": it runs`, { fix: `vitrine stop ${name}` });
}

/** Gives a sandbox an empty home of the same size, and forgets the one that it had. Throws "unavailable" when it runs. */
export async function resetSandbox(name: string, environment: Environment = process.env): Promise<void> {
  readConfig(name, environment);
  using _lock = lockConfig(name, environment);
  using _stopped = await holdStopped(name, "reset", environment);
  renewHomeDisk(configDirectory(name, environment), requireHomeDisk(name, environment));
}

/**
 * Gives a sandbox another name; its logs and what it was allowed go with it. Throws "already-exists", and "unavailable"
 * when it runs.
 */
export async function renameSandbox(
  name: string,
  to: string,
  environment: Environment = process.env,
): Promise<SandboxConfig> {
  readConfig(name, environment);
  checkFree(to, environment);
  using lock = lockConfig(name, environment);
  using newLock = lockConfig(to, environment);
  try {
    checkFree(to, environment);
    using _stopped = await holdStopped(name, "rename", environment);
    const [before, after] = [policyPaths(name, environment).sandbox, policyPaths(to, environment).sandbox];
    // First, so that whatever happens it is never allowed more than before.
    if (existsSync(before)) writePolicyFile(after, readFileSync(before, "utf8"));
    const config = renameConfig(name, to, environment);
    writePolicyFile(before, "");
    moveLogs(name, to, environment);
    lock.remove();
    return config;
  } catch (error) {
    if (findConfig(to, environment) === undefined) newLock.remove();
    throw error;
  }
}

/** Throws "already-exists" when a sandbox has that name, made or just running. */
export function checkFree(name: string, environment: Environment): void {
  const what = configNames(environment).includes(name)
    ? { why: "there is one of that name", fix: `choose another name, or vitrine remove ${name}` }
    : findSandbox(name, environment) !== undefined
      ? { why: "one without a home runs by that name", fix: `vitrine stop ${name}` }
      : undefined;
  if (what === undefined) return;
  throw new VitrineError("already-exists", `Cannot make sandbox "${name}": ${what.why}`, { fix: what.fix });
}

/** Gives the home of a sandbox more room. `running`: it takes it at its next start. Throws "invalid-argument" for less. */
export function resizeSandbox(
  name: string,
  bytes: number,
  environment: Environment = process.env,
): { used: number; running: boolean } {
  using _lock = lockConfig(name, environment);
  readConfig(name, environment);
  const disk = requireHomeDisk(name, environment);
  growHomeDisk(disk, bytes);
  return { used: disk.usedBytes, running: findSandbox(name, environment) !== undefined };
}

/** Sets what a sandbox may reach, from its next start; one that runs is told by its control connection. */
export function setNetwork(name: string, network: NetworkPolicy, environment: Environment = process.env): void {
  using _lock = lockConfig(name, environment);
  writeConfig({ ...readConfig(name, environment), network }, environment);
}

/** The disk of a sandbox's home; "corrupt" when it is not there. */
export function requireHomeDisk(name: string, environment: Environment = process.env): HomeDisk {
  const disk = findHomeDisk(configDirectory(name, environment));
  if (disk !== undefined) return disk;
  throw new VitrineError("corrupt", `Cannot use sandbox "${name}": the disk of its home is missing`, {
    fix: `restore it from a backup, or vitrine remove ${name}`,
  });
}

/** The sandboxes that are made of an image. */
export function sandboxesOfImage(image: string, environment: Environment = process.env): string[] {
  return readableConfigs(environment).flatMap((config) =>
    config.system.kind === "image" && config.system.image === image ? [config.name] : [],
  );
}

/** The colour that is used least. */
export function freeColour(environment: Environment): SandboxColour {
  return chooseColour(readableConfigs(environment).map((config) => config.colour));
}

/** Without those that are damaged, or of a newer version. */
function readableConfigs(environment: Environment): SandboxConfig[] {
  return configNames(environment).flatMap((name) => {
    try {
      return findConfig(name, environment) ?? [];
    } catch {
      return [];
    }
  });
}
