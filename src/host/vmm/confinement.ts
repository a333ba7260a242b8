/**
 * The walls around a monitor, made by bubblewrap: user, mount, pid, network, ipc and uts namespaces of its own, none of
 * the host's capabilities, no way to more privileges, a file-system view of its own files and no others, nothing in it
 * that can be written unless the monitor must, and a filter of system calls (seccomp.ts). A guest that has broken into its
 * monitor finds the monitor's open descriptors and nothing else.
 *
 * References: bwrap(1), user_namespaces(7), pid_namespaces(7).
 */
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { type GuestPlatform, initramfsFor, probeInitramfs } from "../image/kernel.ts";
import type { VmSpec } from "./driver.ts";
import { findProgram } from "./find-program.ts";
import type { AllowedSockets } from "./seccomp.ts";

/** What a monitor needs of the host's files. Host paths are absolute. */
export interface MonitorView {
  /** What it reads, by the names under which it finds them (see {@link seenPath}). */
  readonly files: Readonly<Record<string, string>>;
  /** What it may write as well. */
  readonly writableFiles?: Readonly<Record<string, string>>;
  /** Folders with its own data, firmware as a rule. Those that are not there are left out. */
  readonly support: readonly string[];
  /** Those that are not there are left out; the monitor says best what it misses. */
  readonly devices: readonly string[];
  /** The folder in which it may write, with its sockets in it. Absent: it may write nowhere. */
  readonly workFolder?: string;
  /** "internet": it has the host's network. */
  readonly sockets: AllowedSockets;
}

/** Where a confined monitor finds its files, and its working folder. */
const FILES_FOLDER = "/vm/files";
const WORK_FOLDER = "/vm/work";
/** A user who owns nothing; not root, so that a program started in there has no capabilities either. */
const INNER_USER = "65534";

const RESOLVER = "/etc/resolv.conf";
const BWRAP = "bwrap";
const RUN_UNCONFINED = "vitrine run --unconfined, if you accept a monitor without walls";

/** The names by which the drivers and monitors know the disks that the guest only reads, in their order. */
export function readOnlyDisks(spec: VmSpec): string[] {
  const layers = (spec.layerImages ?? []).map((_, index) => `layer${index}`);
  return ["tools", ...(spec.appImage === undefined ? [] : ["apps"]), ...layers];
}

/** The name of the disk that the guest may write. */
export const DATA_DISK = "data";

/** What every monitor gives its guest to read, by the names that the drivers use. */
export function guestFiles(spec: VmSpec, platform: GuestPlatform): Record<string, string> {
  return {
    kernel: spec.kernel.image,
    initramfs: spec.smallestGuest === true ? probeInitramfs(spec.kernel) : initramfsFor(spec.kernel, platform),
    tools: spec.toolsImage,
    ...(spec.appImage === undefined ? {} : { apps: spec.appImage }),
    ...Object.fromEntries((spec.layerImages ?? []).map((path, index) => [`layer${index}`, path])),
  };
}

/** What the guest may write, likewise. */
export function writableGuestFiles(spec: VmSpec): Record<string, string> {
  return spec.dataDisk === undefined ? {} : { [DATA_DISK]: spec.dataDisk };
}

/** The path by which a monitor must be told of the file `name` of its view. */
export function seenPath(view: MonitorView, name: string, confined: boolean): string {
  const path = view.files[name] ?? view.writableFiles?.[name];
  if (path === undefined)
    throw new VitrineError("internal", `Cannot give the monitor "${name}": it is not in its view`);
  return confined ? `${FILES_FOLDER}/${name}` : path;
}

/** Descriptors, as the child has them, through which bubblewrap speaks (JSON with the monitor's pid) and is told the filter. */
export interface ConfinementFds {
  readonly info: number;
  readonly filter: number;
}

/**
 * The command that runs `program` (a real path) with `args` inside its walls. It dies with the process that starts it,
 * passes descriptors on, and ends as the monitor does, with 128+n for signal n. Throws "unavailable" without bubblewrap.
 */
export function confinedCommand(
  program: string,
  args: readonly string[],
  view: MonitorView,
  fds: ConfinementFds,
): string[] {
  const bwrap = findProgram(BWRAP);
  if (bwrap === undefined) throw cannotConfine(`the program "${BWRAP}" is not installed`);
  const readOnly = (path: string) => ["--ro-bind", path, path];
  return [
    [bwrap, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    // Who has the network must know where names are found.
    view.sockets === "internet" ? ["--ro-bind-try", RESOLVER, RESOLVER] : ["--unshare-net"],
    ["--unshare-cgroup-try", "--disable-userns", "--uid", INNER_USER, "--gid", INNER_USER, "--hostname", "vitrine"],
    ["--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1", "--clearenv"],
    ["--info-fd", String(fds.info), "--seccomp", String(fds.filter)],
    readOnly(program),
    libraryMounts(),
    view.support.filter((path) => kindOf(path) === "folder").flatMap(readOnly),
    Object.entries(view.files).flatMap(([name, path]) => ["--ro-bind", path, join(FILES_FOLDER, name)]),
    Object.entries(view.writableFiles ?? {}).flatMap(([name, path]) => ["--bind", path, join(FILES_FOLDER, name)]),
    view.devices.flatMap((path) => ["--dev-bind-try", path, path]),
    view.workFolder === undefined ? [] : ["--bind", view.workFolder, WORK_FOLDER],
    // Writing in /proc would reach the host where the monitor belongs to root; everything else is memory to fill.
    ["--proc", "/proc", "--remount-ro", "/proc", "--remount-ro", "/"],
    ["--chdir", view.workFolder === undefined ? "/" : WORK_FOLDER],
    ["--", program, ...args],
  ].flat();
}

/** Without walls: only the tie to the process that starts it. */
export function unconfinedCommand(program: string, args: readonly string[]): string[] {
  return ["setpriv", "--pdeathsig", "KILL", program, ...args];
}

/** The folders with shared libraries and the links that lead to them, as this system has them. */
function libraryMounts(): string[] {
  const mounts: string[] = [];
  for (const path of ["/lib", "/lib64", "/usr/lib64"]) {
    if (kindOf(path) === "link") mounts.push("--symlink", readlinkSync(path), path);
    else if (path !== "/lib" && kindOf(path) === "folder") mounts.push("--ro-bind", path, path);
  }
  // Debian's folder holds libraries and little else; other systems have one folder for all.
  const debian = ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu"].filter((path) => kindOf(path) === "folder");
  const others = kindOf("/usr/lib64") === "link" ? ["/usr/lib"] : [];
  for (const path of [...new Set(debian.length > 0 ? debian : others)]) mounts.push("--ro-bind", path, path);
  return [...mounts, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"];
}

function kindOf(path: string): "link" | "folder" | "other" | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  if (status.isSymbolicLink()) return "link";
  return status.isDirectory() ? "folder" : "other";
}

/** What bubblewrap says when it fails begins like this; a monitor's own words do not. */
export function isConfinementFailure(message: string): boolean {
  return /^bwrap: /m.test(message);
}

/** The error for walls that cannot be built, with what mends it on this machine. */
export function cannotConfine(why: string, cause?: unknown): VitrineError {
  return new VitrineError("unavailable", `Cannot confine the virtual machine monitor: ${why}`, {
    cause,
    fix: `${mendConfinement()}; or ${RUN_UNCONFINED}`,
  });
}

/** What keeps unprivileged users from making namespaces, the usual causes first. */
function mendConfinement(): string {
  if (findProgram(BWRAP) === undefined)
    return "./vitrine setup (Fedora: dnf install bubblewrap; Arch: pacman -S bubblewrap)";
  if (setting("kernel/unprivileged_userns_clone") === "0") return "sudo sysctl kernel.unprivileged_userns_clone=1";
  if (setting("user/max_user_namespaces") === "0") return "sudo sysctl user.max_user_namespaces=10000";
  if (setting("kernel/apparmor_restrict_unprivileged_userns") === "1") {
    return "allow bwrap in AppArmor: sudo apt-get install apparmor-profiles && sudo ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && sudo systemctl reload apparmor";
  }
  return "see man 7 user_namespaces";
}

function setting(path: string): string | undefined {
  try {
    return readFileSync(join("/proc/sys", path), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Where a program's own data lies: beside its folder, as in /usr/bin and /usr/share. */
export function dataFolder(program: string, name: string): string {
  return join(dirname(dirname(program)), "share", name);
}
