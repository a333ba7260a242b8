/**
 * The command line that puts a program into the app root as the right user.
 *
 * No runtime offers all of chroot, chdir, setgroups, setgid and setuid between fork and exec, so util-linux's unshare(1)
 * does them, in this order and without any namespace, and becomes the program: same process, no shell, no quoting.
 * A terminal needs setsid(1) besides, which makes it the session's controlling terminal.
 */

/** The tools image has these from util-linux 2.38 or later; busybox's of the same names lack what is used here. */
const UNSHARE = "/usr/bin/unshare";
const SETSID = "/usr/bin/setsid";

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** Where to start it, as seen from here. */
  readonly cwd: string;
  /** True: the caller makes it a session and process group of its own; false: it does that itself. */
  readonly detached: boolean;
}

/** `program` is an absolute path, `directory` a directory, both in the app root; no `ids` keeps those of the agent. */
export function launchCommand(options: {
  readonly appRoot: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  readonly terminal: boolean;
}): Launch {
  const { appRoot, program, directory, ids } = options;
  let line = [program, ...options.args];
  let cwd = directory;
  if (appRoot !== "/" || ids !== undefined) {
    // setgid drops the agent's supplementary groups too.
    const identity = ids === undefined ? [] : [`--setgid=${ids.gid}`, `--setuid=${ids.uid}`];
    line = [UNSHARE, `--root=${appRoot}`, `--wd=${directory}`, ...identity, "--", ...line];
    cwd = "/";
  }
  if (options.terminal) line = [SETSID, "--ctty", ...line];
  const [file = program, ...args] = line;
  return { file, args, cwd, detached: !options.terminal };
}
