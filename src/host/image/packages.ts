/** Packages of the Debian archive, unpacked and never installed. apt downloads and verifies them; no privileges needed. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { archiveKeyring, releaseSuites, sourceLine } from "./archive-source.ts";
import { runTool } from "./run-tool.ts";

/** Release that kernel and tools come from, whatever the apps' own. */
export const RELEASE = "trixie";
export const ARCHITECTURE = "amd64";

export interface UnpackOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStage?: (stage: string) => void;
}

/** Unpacks `packages` (no dependencies) below `target`; returns their versions by name. */
export async function unpackPackages(
  packages: readonly string[],
  target: string,
  options: UnpackOptions = {},
): Promise<Record<string, string>> {
  const work = `${target}.apt`;
  rmSync(work, { recursive: true, force: true });
  try {
    const run = await prepareApt(work, options.signal);
    options.onStage?.("reading the archive's index");
    await run("apt-get", "-q", "--error-on=any", "update");
    options.onStage?.(`downloading ${packages.length} packages`);
    await run("apt-get", "-q", "download", ...(await resolveAll(packages, run)));
    options.onStage?.("unpacking");
    mkdirSync(target, { recursive: true });
    const versions: Record<string, string> = {};
    const debs = join(work, "debs");
    for (const file of readdirSync(debs).sort()) {
      versions[file.slice(0, file.indexOf("_"))] = (
        await runTool("dpkg-deb", ["--field", join(debs, file), "Version"])
      ).trim();
      await runTool("dpkg-deb", ["--extract", join(debs, file), target], { signal: options.signal });
    }
    return versions;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

type Run = (command: string, ...args: string[]) => Promise<string>;

/** A metapackage that only depends on another ("linux-image-cloud-amd64") stands for that one. */
async function resolveAll(packages: readonly string[], run: Run): Promise<string[]> {
  const resolved: string[] = [];
  for (const name of packages) {
    if (!/^linux-image-[a-z-]*amd64$/.test(name)) {
      resolved.push(name);
      continue;
    }
    const depends = await run("apt-cache", "depends", "--important", name);
    const real = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
    resolved.push(real ?? name);
  }
  return resolved;
}

/** An apt that knows nothing of this machine but the archive's address and keys. */
async function prepareApt(work: string, signal: AbortSignal | undefined): Promise<Run> {
  for (const part of ["lists/partial", "cache/archives/partial", "debs"])
    mkdirSync(join(work, part), { recursive: true });
  writeFileSync(join(work, "status"), "");
  const keyring = archiveKeyring();
  const sources = (await releaseSuites(RELEASE)).map((suite) => `${sourceLine(suite, keyring)}\n`);
  writeFileSync(join(work, "sources.list"), sources.join(""));
  const settings = {
    "APT::Architecture": ARCHITECTURE,
    "APT::Architectures": ARCHITECTURE,
    "APT::Sandbox::User": "",
    "Acquire::Languages": "none",
    "Dir::Cache": join(work, "cache"),
    "Dir::State": work,
    "Dir::State::lists": join(work, "lists"),
    "Dir::State::status": join(work, "status"),
    "Dir::Etc::sourcelist": join(work, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
  };
  const common = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return (command, ...args) => runTool(command, [...common, ...args], { cwd: join(work, "debs"), signal });
}
