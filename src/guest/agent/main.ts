/** The agent as the guest's program. Its end, for whatever reason, is the end of the guest: boot/run-agent sees to that. */
import { readFileSync, writeSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { GuestDisplay } from "../display/guest-display.ts";
import { runAgent } from "./agent.ts";
import { HomeDisk } from "./home-disk.ts";
import { openLink, serveLinks } from "./link.ts";
import { parseUptime, setClock, setHostname } from "./machine.ts";
import { openNetwork } from "./network.ts";

const APP_ROOT = "/app";
const USER = { uid: 1000, gid: 1000 };
const ARENA_FILE = "/arena/windows";
/** What /proc/uptime said when init began; written by init. */
const INIT_UPTIME_FILE = "/run/vitrine/init-uptime";

function initUptime(): number | undefined {
  try {
    return parseUptime(readFileSync(INIT_UPTIME_FILE, "utf8"));
  } catch {
    return undefined;
  }
}

/** A line on the guest's console, which the host keeps. Plain: the runtime's own console colours what it prints there. */
function note(message: string): void {
  writeSync(2, `vitrine agent: ${sanitizeText(message)}\n`);
}

/** Serves one link to its end; resolves to whether the host had greeted. */
function serve(stream: ByteStream): Promise<boolean> {
  return new Promise((resolve) => {
    runAgent(stream, {
      appRoot: APP_ROOT,
      user: USER,
      runtimeDir: `${APP_ROOT}/run/user/${USER.uid}`,
      arenaFile: ARENA_FILE,
      initUptime: initUptime(),
      openDisplay: (options) => new GuestDisplay({ ...options, onNotice: note }),
      openHome: (format) => HomeDisk.open({ appRoot: APP_ROOT, user: USER, format }),
      openNetwork: (settings) => openNetwork(APP_ROOT, settings),
      machine: { setClock, setHostname },
      powerOff: resolve,
      onNotice: note,
    });
  });
}

try {
  await serveLinks(openLink, serve);
  process.exit(0);
} catch (error) {
  note(VitrineError.from(error).message);
  process.exit(1);
}
