/** The agent as the guest's program. Its end, for whatever reason, is the end of the guest: boot/run-agent sees to that. */
import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { AGENT_PORT, DISPLAY_PORT, REHEARSAL_OPTION } from "../../channel/contract/agent.ts";
import { setWallClock } from "../../sys/clock.ts";
import { addEntropy } from "../../sys/entropy.ts";
import { GuestDisplay } from "../display/guest-display.ts";
import { rehearseDisplay } from "../display/rehearsal.ts";
import { type AgentOptions, runAgent } from "./agent.ts";
import { AppRoot } from "./app-root.ts";
import { HomeDisk } from "./home-disk.ts";
import { openLink, serveLinks } from "./link.ts";
import { dropCaches, parseUptime, setHostname } from "./machine.ts";
import { openNetwork } from "./network.ts";
import { rehearse } from "./rehearsal.ts";

const APP_ROOT = "/app";
const USER = { uid: 1000, gid: 1000 };
const ARENA_FILE = "/arena/windows";
/** What /proc/uptime said when init began; written by init. */
const INIT_UPTIME_FILE = "/run/vitrine/init-uptime";
const READY_PIPE = "/run/vitrine/ready";

function initUptime(): number | undefined {
  try {
    return parseUptime(readFileSync(INIT_UPTIME_FILE, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Waits until init has made everything ready that it does while the agent starts: then there is a process in the root of
 * apps, whose pid is written into this pipe. It is not needed any more when we hold that root.
 */
function awaitInit(): AppRoot {
  const pipe = openSync(READY_PIPE, "r");
  const buffer = Buffer.alloc(16);
  const pid = Number(buffer.toString("latin1", 0, readSync(pipe, buffer)));
  closeSync(pipe);
  const apps = AppRoot.of(pid);
  process.kill(pid, "SIGKILL");
  return apps;
}

/** A line on the guest's console, which the host keeps. Plain: the runtime's own console colours what it prints there. */
function note(message: string): void {
  writeSync(2, `vitrine agent: ${sanitizeText(message)}\n`);
}

const OPTIONS: Omit<AgentOptions, "powerOff" | "apps"> = {
  appRoot: APP_ROOT,
  user: USER,
  runtimeDir: `${APP_ROOT}/run/user/${USER.uid}`,
  arenaFile: ARENA_FILE,
  initUptime: initUptime(),
  openDisplayLink: async () => (await openLink(DISPLAY_PORT)).stream,
  openDisplay: (options) => new GuestDisplay({ ...options, onNotice: note }),
  openHome: (format) => HomeDisk.open({ appRoot: APP_ROOT, user: USER, format }),
  openNetwork: (settings) => openNetwork(APP_ROOT, settings),
  machine: { addEntropy, setClock: setWallClock, setHostname, dropCaches },
  onNotice: note,
};

/** Serves one link to its end; resolves to whether the host had greeted. */
function serve(stream: ByteStream, apps: AppRoot): Promise<boolean> {
  return new Promise((resolve) => runAgent(stream, { ...OPTIONS, apps, powerOff: resolve }));
}

try {
  const apps = awaitInit();
  const words = readFileSync("/proc/cmdline", "utf8").trim().split(" ");
  if (words.includes(REHEARSAL_OPTION)) await rehearse({ ...OPTIONS, apps, rehearseDisplay });
  await serveLinks(
    () => openLink(AGENT_PORT),
    (stream) => serve(stream, apps),
  );
  process.exit(0);
} catch (error) {
  note(VitrineError.from(error).message);
  process.exit(1);
}
