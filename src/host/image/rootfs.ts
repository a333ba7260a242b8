/**
 * The root file system of an app image: Debian packages installed by mmdebstrap, whose apt verifies the archive's
 * signatures, then packed. An ordinary user can do it (user namespaces); root does it directly.
 */
import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { archiveKeyring, releaseSuites, sourceLine } from "./archive-source.ts";
import { runTool } from "./run-tool.ts";

/** What every image has beside what was asked for: apps expect a session bus, a font, time zones, and what makes é of ´ and e. */
export const COMMON_PACKAGES = ["dbus-daemon", "fonts-dejavu-core", "fontconfig", "libx11-data", "tzdata", "xkb-data"];

/** Left out: documentation and translations; the licences stay. */
const LEFT_OUT = ["/usr/share/man/*", "/usr/share/info/*", "/usr/share/doc/*", "/usr/share/lintian/*"];

export interface RootfsInputs {
  readonly release: string;
  readonly packages: readonly string[];
  readonly mirror?: string | undefined;
}

/** Packages as mmdebstrap shall install them. */
export function rootfsPackages(packages: readonly string[]): string[] {
  return [...new Set([...COMMON_PACKAGES, ...packages])];
}

/** Builds the file system and packs it to `file`; `work` is an empty folder of the caller. */
export async function buildRootfs(
  inputs: RootfsInputs,
  file: string,
  work: string,
  options: { signal?: AbortSignal | undefined; onStage: (stage: string, fraction?: number) => void },
): Promise<void> {
  const mode = buildMode();
  const tar = join(work, "root.tar");
  const keyring = archiveKeyring();
  const suites = await releaseSuites(inputs.release, inputs.mirror);
  options.onStage("installing packages");
  const watch = stageOf(options.onStage);
  await runTool(
    "mmdebstrap",
    [
      `--mode=${mode}`,
      "--variant=apt",
      "--architectures=amd64",
      `--include=${rootfsPackages(inputs.packages).join(",")}`,
      ...['--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"'],
      ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
      "--dpkgopt=path-include=/usr/share/doc/*/copyright",
      ...SETUP_HOOKS.map((hook) => `--customize-hook=${hook}`),
      inputs.release,
      tar,
      ...suites.map((suite) => sourceLine(suite, keyring)),
    ],
    { signal: options.signal, environment: { TMPDIR: work }, onLine: watch, contained: true },
  );
  options.onStage("packing");
  await pack(tar, file, work, mode, options.signal);
}

/** Makes the guest's ordinary user, and what apps look for in a finished system. */
const SETUP_HOOKS = [
  // adduser and useradd are not in every image; the files are as simple as that.
  `printf 'user:x:1000:1000:User:/home/user:/bin/bash\\n' >> "$1/etc/passwd"`,
  `printf 'user:x:1000:\\n' >> "$1/etc/group"`,
  `mkdir -p "$1/home/user" && chown 1000:1000 "$1/home/user" && chmod 700 "$1/home/user"`,
  `printf 'sandbox\\n' > "$1/etc/hostname" && printf '127.0.0.1 localhost sandbox\\n' > "$1/etc/hosts"`,
  `: > "$1/etc/resolv.conf"`,
  `printf 'LANG=C.UTF-8\\n' > "$1/etc/default/locale"`,
  `rm -rf "$1/var/lib/apt/lists"/* "$1/var/cache/apt"/*.bin "$1/var/log"/*.log "$1/var/log/apt" "$1/var/cache/debconf"/*-old`,
  // The root's archive keeps no fractions of seconds, and nothing younger than its own beginning; fontconfig compares both.
  `chroot "$1" find /usr/share/fonts /usr/local/share/fonts -type d -exec touch -d @1 {} + && chroot "$1" fc-cache -s`,
  // A machine id is made for each start; two sandboxes of one image are not the same machine.
  `: > "$1/etc/machine-id" && rm -f "$1/var/lib/dbus/machine-id"`,
];

/** Turns apt's chatter into stages. */
function stageOf(onStage: (stage: string, fraction?: number) => void): (line: string) => void {
  let unpacked = 0;
  let total = 0;
  return (line) => {
    const count = /(\d+) newly installed/.exec(line);
    if (count !== null) {
      total += Number(count[1]);
      onStage(`installing ${count[1]} packages`);
    }
    if (/^(Unpacking|Setting up) /.test(line)) {
      unpacked += 1;
      if (total > 0) onStage("installing packages", Math.min(1, unpacked / (2 * total)));
    }
  };
}

/** Packs a tar to EROFS with the owners it names: as root, or as root of a user namespace of our own. */
async function pack(
  tar: string,
  file: string,
  work: string,
  mode: "root" | "unshare",
  signal: AbortSignal | undefined,
): Promise<void> {
  const tree = join(work, "tree");
  const script = [
    "set -e",
    'mkdir "$1"',
    'tar --extract --numeric-owner --same-permissions --xattrs --file "$2" --directory "$1" --exclude="./dev/*"',
    // With the times that files have: caches (of fonts, of Python's modules) hold those of what they were made from.
    'mkfs.erofs --quiet -zlz4hc --preserve-mtime -U76697472-696e-4e00-8000-000000000000 "$3" "$1"',
    'rm -rf "$1"',
  ].join("\n");
  const shell = ["sh", "-c", script, "sh", tree, tar, file];
  const [command, ...args] = mode === "root" ? shell : ["mmdebstrap", "--unshare-helper", ...shell];
  await runTool(command as string, args, { signal });
}

/** root, or a user namespace for everybody else; "unavailable" with the fix when the system is not set up for that. */
function buildMode(): "root" | "unshare" {
  if (process.getuid?.() === 0) return "root";
  const { username } = userInfo();
  const subuid = existsSync("/etc/subuid") ? readFileSync("/etc/subuid", "utf8") : "";
  if (!existsSync("/usr/bin/newuidmap")) {
    throw new VitrineError("unavailable", 'Cannot build as an ordinary user: "newuidmap" is missing', {
      fix: "apt install uidmap",
    });
  }
  if (!new RegExp(`^(${username}|${process.getuid?.()}):`, "m").test(subuid)) {
    throw new VitrineError("unavailable", `Cannot build as user "${username}": /etc/subuid has no range for it`, {
      fix: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
    });
  }
  return "unshare";
}
