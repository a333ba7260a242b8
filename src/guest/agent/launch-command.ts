/**
 * The command line that puts a program among the apps, as the right user.
 *
 * No runtime offers all of setns, chdir, setgroups, setgid and setuid between fork and exec, so nsenter(1) does them, in this
 * order, and becomes the program: same process, no shell, no quoting. A terminal needs setsid(1) besides, which makes it the
 * session's controlling terminal. Both are busybox's, which starts in a fifth of the time that a program with libraries takes.
 */
import type { AppRoot } from "./app-root.ts";

export const BUSYBOX = "/bin/busybox";

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** Where to start it, as seen from here. */
  readonly cwd: string;
  /** True: the caller makes it a session and process group of its own; false: it does that itself. */
  readonly detached: boolean;
}

/**
 * `root`: where apps run; undefined: where the agent does, as the agent's user. `program` is an absolute path, `directory` a
 * directory without links on the way, both in the root; no `ids` keeps those of the agent.
 */
export function launchCommand(options: {
  readonly root: AppRoot | undefined;
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  readonly terminal: boolean;
}): Launch {
  const { root, program, directory, ids } = options;
  let line = [program, ...options.args];
  if (root !== undefined) {
    // -G drops the agent's supplementary groups too.
    const identity = ids === undefined ? [] : ["-G", String(ids.gid), "-S", String(ids.uid)];
    line = [BUSYBOX, "nsenter", `-m${root.namespaceFile}`, `-w${root.pathOf(directory)}`, ...identity, "--", ...line];
  }
  if (options.terminal) line = [BUSYBOX, "setsid", "-c", ...line];
  const [file = program, ...args] = line;
  return { file, args, cwd: root === undefined ? directory : "/", detached: !options.terminal };
}
