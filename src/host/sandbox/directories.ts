/**
 * Where a sandbox keeps what it needs on the host. Sockets, locks and records are in the user's runtime directory, which
 * the system empties at logout; logs are in the state directory. Nobody but the user can enter either.
 */
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { VitrineError } from "../../base/error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const FOLDER = "vitrine";

/**
 * Characters of a sandbox's name: it is also the guest's host name, and part of the path of a socket, which the system
 * allows 107 bytes.
 */
export const MAX_SANDBOX_NAME_CHARS = 48;
const SANDBOX_NAME = new RegExp(`^[a-z0-9][a-z0-9-]{0,${MAX_SANDBOX_NAME_CHARS - 1}}$`);

/** The paths of one sandbox. Nothing of it need exist. */
export interface SandboxPaths {
  readonly directory: string;
  readonly lock: string;
  readonly record: string;
  readonly socket: string;
  /** Where apps of the sandbox reach the compositor, when that tells sandboxes apart. */
  readonly wayland: string;
  /** A folder with the sockets of the virtual machine monitor, while it runs. */
  readonly machine: string;
}

/** The logs of one sandbox; they outlive it. */
export interface LogPaths {
  readonly supervisor: string;
  readonly console: string;
}

/** Returns `name` when it can name a sandbox; throws "invalid-argument" otherwise. */
export function checkSandboxName(name: string): string {
  if (SANDBOX_NAME.test(name)) return name;
  throw new VitrineError(
    "invalid-argument",
    `Cannot use "${name}" as the name of a sandbox: want at most ${MAX_SANDBOX_NAME_CHARS} of a-z, 0-9 and "-", not beginning with "-"`,
    {
      fix: "choose another one with --name",
    },
  );
}

/**
 * The folder for all sandboxes that run, created if missing: in $XDG_RUNTIME_DIR, else /run/user/UID, else /tmp. Throws
 * "denied" when somebody else could reach into it.
 */
export function runtimeDirectory(environment: Environment = process.env): string {
  const uid = userId();
  const candidates = [environment.XDG_RUNTIME_DIR, `/run/user/${uid}`];
  const base = candidates.find((path) => path !== undefined && isAbsolute(path) && isOwnDirectory(path, uid));
  return ensurePrivate(base === undefined ? `/tmp/${FOLDER}-${uid}` : join(base, FOLDER), uid);
}

/** The folder for machines that are only tried, created if missing. No sandbox can have its name. */
export function probesDirectory(environment: Environment = process.env): string {
  return ensurePrivate(join(runtimeDirectory(environment), "PROBES"), userId());
}

/** The folder for what outlives a run: $XDG_STATE_HOME/vitrine, created if missing. */
export function stateDirectory(environment: Environment = process.env): string {
  const configured = environment.XDG_STATE_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".local/state");
  mkdirSync(base, { recursive: true, mode: 0o700 });
  return ensurePrivate(join(base, FOLDER), userId());
}

/** The folder for the sandboxes that the user has made: $XDG_DATA_HOME/vitrine/sandboxes, created if missing. */
export function sandboxesDirectory(environment: Environment = process.env): string {
  const configured = environment.XDG_DATA_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".local/share");
  mkdirSync(join(base, FOLDER), { recursive: true, mode: 0o755 });
  return ensurePrivate(join(base, FOLDER, "sandboxes"), userId());
}

/** The paths of the sandbox `name`; throws "invalid-argument" for a bad name. */
export function sandboxPaths(name: string, environment: Environment = process.env): SandboxPaths {
  const directory = join(runtimeDirectory(environment), checkSandboxName(name));
  return {
    directory,
    lock: join(directory, "lock"),
    record: join(directory, "record.json"),
    socket: join(directory, "control.sock"),
    wayland: join(directory, "wayland.sock"),
    machine: join(directory, "machine"),
  };
}

/** The logs of the sandbox `name`; their folder is created if missing. */
export function logPaths(name: string, environment: Environment = process.env): LogPaths {
  const folder = logFolder(environment);
  checkSandboxName(name);
  return { supervisor: join(folder, `${name}.log`), console: join(folder, `${name}.console.log`) };
}

/** The log of those who take snapshots. No sandbox can have a log of that name. */
export function snapshotLogPath(environment: Environment = process.env): string {
  return join(logFolder(environment), "SNAPSHOTS.log");
}

/** The log of machines that were made ready. */
export function readyLogPath(environment: Environment = process.env): string {
  return join(logFolder(environment), "READY.log");
}

/** The folder of what the user has configured: $XDG_CONFIG_HOME/vitrine. It need not be there. */
export function configDirectory(environment: Environment = process.env): string {
  const configured = environment.XDG_CONFIG_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homeOf(environment), ".config");
  return join(base, FOLDER);
}

function homeOf(environment: Environment): string {
  return environment.HOME !== undefined && isAbsolute(environment.HOME) ? environment.HOME : homedir();
}

function logFolder(environment: Environment): string {
  const folder = join(stateDirectory(environment), "logs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function userId(): number {
  return process.getuid?.() ?? 0;
}

function isOwnDirectory(path: string, uid: number): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status?.isDirectory() === true && status.uid === uid;
}

/** Creates `path` for the user alone, or makes sure that what is there is just that. Links do not count as there. */
function ensurePrivate(path: string, uid: number): string {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const status = lstatSync(path);
  if (!status.isDirectory() || status.uid !== uid || (status.mode & 0o077) !== 0) {
    throw new VitrineError("denied", `Cannot use "${path}": want a directory that only user ${uid} can enter`, {
      fix: `mv "${path}" "${path}.old"`,
    });
  }
  return path;
}
