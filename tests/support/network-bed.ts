/**
 * A network of a test's own, in namespaces: this machine as "the host", with a local network behind it and an internet
 * behind that, all made of addresses of a process that ends with the test. Nothing leaves the machine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withDeadline } from "./deadline.ts";

const START_DEADLINE_MS = 20_000;

/** Addresses of the world; the first of each kind is a neighbour of the host. */
export const WORLD = {
  near: ["192.168.77.1", "2001:db8:77::1"],
  privateFar: "10.9.9.9",
  internet: ["198.51.100.10", "198.51.100.11", "198.51.100.12", "2001:db8:1::10"],
} as const;
/** The host's own addresses in the local network. */
export const HOST = ["192.168.77.2", "2001:db8:77::2"] as const;
/** A port of the host where "host" is answered, on all its addresses. */
export const HOST_PORT = 8080;

const NAME_SERVER = "10.9.9.53";
const NAMES = {
  "www.example.org": [WORLD.internet[0], WORLD.internet[3]],
  "deep.sub.example.org": [WORLD.internet[1]],
  "other.example.com": [WORLD.internet[2]],
  "rebind.example.org": [WORLD.near[0]],
};

const SETUP = `
set -e
host= world=
trap 'kill -KILL $host $world' EXIT
mount --bind "$1/resolv.conf" /etc/resolv.conf
ip link set lo up
shift
"$@" & host=$!
unshare --net --fork --kill-child "$BUN" "$WORLD" "$NAMES" > "$FOLDER/world" & world=$!
until [ -s "$FOLDER/world" ]; do kill -0 $world; sleep 0.05; done
child=$(cat /proc/$world/task/$world/children)
set -- nsenter --target "\${child%% *}" --net
ip link add host type veth peer name world
ip link set world netns "\${child%% *}"
"$@" ip link set lo up
"$@" ip link set world up
ip link set host up
ip address add ${HOST[0]}/24 dev host
ip address add ${HOST[1]}/64 dev host nodad
"$@" ip address add ${WORLD.near[0]}/24 dev world
"$@" ip address add ${WORLD.near[1]}/64 dev world nodad
for address in ${[WORLD.privateFar, NAME_SERVER, ...WORLD.internet].join(" ")}; do
  case $address in *:*) bits=128 ;; *) bits=32 ;; esac
  "$@" ip address add $address/$bits dev lo
done
ip route add default via ${WORLD.near[0]}
ip -6 route add default via ${WORLD.near[1]}
echo ready
# Until the test ends, however that ends.
cat > "$FOLDER/end"
`;

const HOST_SERVER = `require("node:net").createServer((socket) => socket.on("error", () => {}).end("host\\n")).listen(${HOST_PORT}, "::")`;

export class NetworkBed {
  /** What to put before a command that shall run on this network's host. */
  readonly prefix: readonly string[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const user = process.getuid?.() === 0 ? [] : ["--user", "--preserve-credentials"];
    this.prefix = ["nsenter", "--target", String(child.pid), ...user, "--net", "--mount", "--"];
  }

  /** `folder` is one of the caller's, for the bed alone. */
  static async start(folder: string): Promise<NetworkBed> {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "resolv.conf"), `nameserver ${NAME_SERVER}\n`);
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    const script = ["sh", "-c", SETUP, "sh", folder, process.execPath, "-e", HOST_SERVER];
    const child = spawn("unshare", [...user, "--net", "--mount", ...script], {
      env: {
        ...process.env,
        BUN: process.execPath,
        FOLDER: folder,
        WORLD: join(import.meta.dirname, "network-world.ts"),
        NAMES: JSON.stringify(NAMES),
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
    await withDeadline<void>("making a network", START_DEADLINE_MS, (resolve, reject) => {
      child.stdout.on("data", () => resolve());
      child.on("exit", (status) => reject(new Error(`making a network failed: status ${status}`)));
      return () => child.stdin.end();
    });
    return new NetworkBed(child);
  }

  async stop(): Promise<void> {
    const over = once(this.#child, "exit");
    this.#child.stdin?.end();
    await over;
  }
}
