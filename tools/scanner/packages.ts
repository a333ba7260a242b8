/** Fetches the packages that carry the protocol XML; apt verifies the archive's signature. Needs no privileges. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { archiveAddress } from "./archive.ts";

/** One release for every machine, so that the tables do not depend on who made them. */
export const RELEASE = "trixie";
const PACKAGES: readonly string[] = ["libwayland-dev", "wayland-protocols"];
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** The XML files are the same in the packages of every architecture. */
const ARCHITECTURE = "amd64";
const DOWNLOAD_DEADLINE_MS = 5 * 60 * 1000;

/** Unpacks the packages below `directory`; returns their versions by name. Their /usr/share is `directory`/usr/share. */
export function fetchPackages(directory: string): Record<string, string> {
  const work = join(directory, "apt");
  for (const part of ["lists/partial", "cache/archives/partial", "debs"]) {
    mkdirSync(join(work, part), { recursive: true });
  }
  writeFileSync(join(work, "status"), "");
  writeFileSync(join(work, "sources.list"), `deb [signed-by=${KEYRING}] ${archiveAddress()} ${RELEASE} main\n`);
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
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const debs = join(work, "debs");
  run("apt-get", [...options, "-q", "--error-on=any", "update"], debs);
  run("apt-get", [...options, "-q", "download", ...PACKAGES], debs);
  const versions: Record<string, string> = {};
  for (const file of readdirSync(debs).sort()) {
    const name = file.slice(0, file.indexOf("_"));
    versions[name] = run("dpkg-deb", ["--field", file, "Version"], debs).trim();
    run("dpkg-deb", ["--extract", file, directory], debs);
  }
  return versions;
}

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    timeout: DOWNLOAD_DEADLINE_MS,
  });
}
