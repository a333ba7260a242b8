/** The checks of `vitrine doctor`. Each says what was found; what is not as it should be comes with what mends it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { runtimeDirectory } from "../../host/sandbox/directories.ts";
import { compositorSocket, probeCompositor } from "../../host/sandbox/supervisor/compositor.ts";
import { tryConfinement } from "../../host/vmm/monitor-process.ts";
import { resourceLimitsMissing } from "../../host/vmm/resource-limits.ts";
import type { CliContext } from "../context.ts";
import { formatBytes } from "../terminal/report.ts";
import { examineDrivers, told, userName } from "./examine-drivers.ts";

/** "warn": apps run, but not as well as they could. "fail": something does not work at all. */
export interface Finding {
  readonly name: string;
  readonly state: "ok" | "warn" | "fail";
  readonly detail: string;
  readonly fix?: string;
}

/** Bytes that a first image with its build takes on the disk. */
export const MIN_FREE_DISK_BYTES = 3_000_000_000;

/** Wayland globals without which no window can be shown. */
const NEEDED_GLOBALS = ["wl_compositor", "wl_shm", "xdg_wm_base"];

/** Programs that are run, the package that has them, and what they are for. */
const PROGRAMS: readonly [program: string, purpose: string][] = [
  ["mmdebstrap", "builds images"],
  ["mkfs.erofs", "builds images"],
  ["mke2fs", "builds the window arena"],
  ["depmod", "builds the initramfs"],
  ["zstd", "unpacks kernel modules"],
  ["xz", "unpacks kernel modules"],
];

const SETUP = "./vitrine setup";

export async function examine(context: CliContext): Promise<Finding[]> {
  const findings = [
    architecture(),
    ...PROGRAMS.map(([program, purpose]) => programThere(program, purpose)),
    archiveKeyring(),
    unprivilegedBuilds(),
    runtimeFolder(context),
    diskSpace(),
    await compositor(context),
    await confinement(),
    limits(),
  ];
  return [...findings, ...(await examineDrivers(context))];
}

function architecture(): Finding {
  const name = "architecture";
  if (process.arch === "x64") return { name, state: "ok", detail: "x86-64" };
  return {
    name,
    state: "fail",
    detail: `"${process.arch}" is not supported yet: want x86-64`,
    fix: "use an x86-64 machine",
  };
}

function programThere(program: string, purpose: string): Finding {
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(existsSync);
  if (path === undefined) return { name: program, state: "fail", detail: `not installed; it ${purpose}`, fix: SETUP };
  return { name: program, state: "ok", detail: path };
}

function archiveKeyring(): Finding {
  const name = "archive keyring";
  const path = "/usr/share/keyrings/debian-archive-keyring.gpg";
  if (existsSync(path)) return { name, state: "ok", detail: path };
  return { name, state: "fail", detail: "the keys that Debian's archive is signed with are not installed", fix: SETUP };
}

/** Images are built in a user namespace with a range of user ids, unless as root. */
function unprivilegedBuilds(): Finding {
  const name = "unprivileged builds";
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return { name, state: "ok", detail: "not needed: this is root" };
  const username = userName();
  const fix = `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`;
  for (const file of ["/etc/subuid", "/etc/subgid"]) {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    if (!lines.some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`))) {
      return { name, state: "fail", detail: `${file} gives user "${username}" no range of ids`, fix };
    }
  }
  const sysctl = "/proc/sys/kernel/unprivileged_userns_clone";
  if (existsSync(sysctl) && readFileSync(sysctl, "utf8").trim() === "0") {
    return {
      name,
      state: "fail",
      detail: "user namespaces are switched off",
      fix: "sudo sysctl kernel.unprivileged_userns_clone=1",
    };
  }
  try {
    execFileSync("unshare", ["--user", "--map-root-user", "true"], { stdio: "ignore" });
  } catch {
    return {
      name,
      state: "fail",
      detail: "user namespaces cannot be made",
      fix: "see `man 7 user_namespaces`, or build images as root",
    };
  }
  return { name, state: "ok", detail: "user namespaces and a range of ids" };
}

function runtimeFolder(context: CliContext): Finding {
  const name = "runtime directory";
  try {
    const path = runtimeDirectory(context.process.env);
    if (!path.startsWith("/tmp/vitrine-")) return { name, state: "ok", detail: path };
    return {
      name,
      state: "warn",
      detail: `XDG_RUNTIME_DIR is not set, using ${path}`,
      fix: "log in through a session manager (pam_systemd)",
    };
  } catch (error) {
    return { name, state: "fail", ...told(error) };
  }
}

function diskSpace(): Finding {
  const name = "disk space";
  const base = process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share");
  const path = [base, homedir(), "/"].find(existsSync) ?? "/";
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  if (free >= MIN_FREE_DISK_BYTES) return { name, state: "ok", detail: `${formatBytes(free)} free for images` };
  return {
    name,
    state: "warn",
    detail: `${formatBytes(free)} free: want ${formatBytes(MIN_FREE_DISK_BYTES)}`,
    fix: `free space on the disk of "${path}"`,
  };
}

async function compositor(context: CliContext): Promise<Finding> {
  const name = "compositor";
  const socket = compositorSocket(context.process.env);
  if (socket === undefined) {
    return {
      name,
      state: "warn",
      detail: "no Wayland session: windows cannot be shown here",
      fix: "log in to a Wayland session; vitrine demo needs none",
    };
  }
  try {
    const globals = await probeCompositor(socket);
    const missing = NEEDED_GLOBALS.filter((global) => !globals.has(global));
    if (missing.length === 0) return { name, state: "ok", detail: `"${socket}" with ${globals.size} globals` };
    return {
      name,
      state: "fail",
      detail: `"${socket}" does not offer ${missing.join(", ")}`,
      fix: "use another compositor",
    };
  } catch (error) {
    return { name, state: "fail", ...told(error) };
  }
}

/** Starts a program inside the walls that monitors get. */
async function confinement(): Promise<Finding> {
  const name = "confinement";
  try {
    await tryConfinement();
    return { name, state: "ok", detail: "monitors run in namespaces of their own" };
  } catch (error) {
    return { name, state: "fail", ...told(error) };
  }
}

function limits(): Finding {
  const name = "limits";
  const missing = resourceLimitsMissing();
  if (missing === undefined) return { name, state: "ok", detail: "systemd --user limits the memory of monitors" };
  return { name, state: "ok", detail: `none on the memory of monitors: ${missing}` };
}
