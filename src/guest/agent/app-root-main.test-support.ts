/**
 * For tests: an agent whose apps have a root of their own, as a process in mount and pid namespaces of its own, since on this
 * machine processes elsewhere are anybody's. The link is descriptor 3; the first argument is the agent's options.
 *
 * Writes a line to stdout when the power goes off: whether the host had greeted. Then each line of stdin is answered with the
 * number of processes among the apps, and its end is the end.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fdStream } from "../../channel/fd-stream.ts";
import { OwnedFd } from "../../sys/fd.ts";
import { runAgent } from "./agent.ts";
import { processesElsewhere } from "./app-processes.ts";
import { AppRoot } from "./app-root.ts";
import type { NamespacedOptions } from "./test-support.ts";

const LINK_FD = 3;

/** As boot/init does it, but for the root of a machine that runs. */
const MAKE_NAMESPACE = `
  mount --bind "$1" "$1" && mount --make-shared "$1" && unshare --mount --propagation slave sh -c '
    cd "$1" && mkdir old && pivot_root . old && busybox umount -l old && busybox rmdir old || exit
    busybox sleep 1000 >&- 2>&- & echo $!' sh "$1"`;

/** The namespace whose root is at `path`. */
function makeAppRoot(path: string): AppRoot {
  mkdirSync(join(path, "proc"), { recursive: true });
  const { stdout, stderr } = spawnSync("sh", ["-c", MAKE_NAMESPACE, "sh", path], { encoding: "utf8" });
  const pid = Number(stdout);
  if (!(pid > 0)) throw new Error(`cannot make a root for apps: ${stderr}`);
  const root = AppRoot.of(pid);
  process.kill(pid, "SIGKILL");
  return root;
}

const options = JSON.parse(process.argv[2] ?? "") as NamespacedOptions;
runAgent(fdStream(OwnedFd.own(LINK_FD)), {
  ...options,
  apps: makeAppRoot(options.appRoot),
  powerOff: (greeted) => console.log(JSON.stringify(greeted)),
});
for await (const _ of createInterface({ input: process.stdin })) console.log(processesElsewhere().length);
process.exit(0);
