/**
 * The peer: the same kernel, image and machine, without the agent. Init starts a shell that obeys a virtio-serial port,
 * and waypipe in the guest speaks to waypipe on the host through another such port, one for each app.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { basename, join } from "node:path";
import { cpioArchive } from "../../src/host/image/cpio.ts";
import type { Kernel } from "../../src/host/image/kernel.ts";
import { guestFiles } from "../../src/host/vmm/confinement.ts";
import type { Accelerator } from "../../src/host/vmm/driver.ts";
import { memoryParts, qemuArguments } from "../../src/host/vmm/qemu/arguments.ts";
import type { Compositor } from "../../tests/support/compositor.ts";
import { eventually } from "../../tests/support/deadline.ts";
import { endProcess } from "../../tests/support/processes.ts";
import { processTree } from "../processes.ts";
import { Lines, type RunningApp, type Way } from "./way.ts";

export interface WaypipeOptions {
  readonly kernel: Kernel;
  readonly accelerator: Accelerator;
  readonly toolsImage: string;
  readonly appImage: string;
  readonly compression: "none" | "lz4";
  readonly clientArchive: string;
  /** A folder of its own. */
  readonly folder: string;
}

/** Apps that can be run in one machine: each needs a port of its own. */
const PORTS = 6;
const SHELL = `
export HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin XDG_RUNTIME_DIR=/run/user/1000
exec 3<>/dev/control
while read -r line <&3; do eval "$line"; done
`;

/** The line of our init that starts the agent, and the one from which on everything is mounted. */
const AGENT_START = "chroot . /bin/sh /etc/run-agent &\n";
const MOUNTED = "# The window arena";
/** Takes the place of what comes then. */
const INIT_END = `
for port in sys/class/virtio-ports/*; do
  read -r name < "$port/name"
  IFS=: read -r major minor < "$port/dev"
  mknod -m 666 "app/dev/$name" c "$major" "$minor"
done
cat > app/run/shell << 'END'
${SHELL}
END
ifconfig lo up
exec /bin/busybox chroot app /bin/sh /run/shell
`;

export class WaypipeWay implements Way {
  readonly name: string;
  readonly #compositor: Compositor;
  readonly #options: WaypipeOptions;
  readonly #near: ChildProcess[] = [];
  #machine: ChildProcess | undefined;
  #control: { socket: Socket; lines: Lines } | undefined;
  #used = 0;
  #hasClient = false;

  constructor(compositor: Compositor, options: WaypipeOptions) {
    this.name = `waypipe, ${options.compression === "none" ? "uncompressed" : options.compression}`;
    this.#compositor = compositor;
    this.#options = options;
  }

  async run(words: readonly string[]): Promise<RunningApp> {
    const control = await this.#controlled();
    const port = this.#used++;
    if (port >= PORTS) throw new Error("all ports are used");
    const command = words.map((word) => `'${word}'`).join(" ");
    const waypipe = `waypipe -c ${this.#options.compression} --no-gpu -s /run/pipe${port} server -- ${command}`;
    control.socket.write(`socat UNIX-LISTEN:/run/pipe${port} /dev/pipe${port} & socat=$!\n`);
    control.socket.write(`until [ -S /run/pipe${port} ]; do sleep 0.01; done\n`);
    control.socket.write(`${waypipe} >&3 2>/run/log${port} &\n`);
    const close = async () => {
      // Whoever speaks through a port cannot see that the other end has gone: each end is ended.
      const near = this.#near[port];
      if (near !== undefined) await endProcess(near);
      // All but the shell, which is the first process.
      control.socket.write("kill -TERM -1; wait; echo closed >&3\n");
      await control.lines.find("closed");
    };
    return { lines: control.lines, close };
  }

  async runClient(words: readonly string[]): Promise<RunningApp> {
    const control = await this.#controlled();
    if (!this.#hasClient) {
      const { clientArchive } = this.#options;
      control.socket.write(`head -c ${statSync(clientArchive).size} <&3 | tar x -C /tmp; echo unpacked >&3\n`);
      createReadStream(clientArchive).pipe(control.socket, { end: false });
      await control.lines.find("unpacked");
      this.#hasClient = true;
    }
    return await this.run(["/tmp/client", ...words]);
  }

  async hostProcesses() {
    // That of the last app, or when it has ended, of the next.
    const near = this.#near.slice(this.#used - 1).map(({ pid }) => (pid === undefined ? [] : processTree(pid)));
    return {
      monitor: this.#machine?.pid === undefined ? [] : [this.#machine.pid],
      bridge: near.find((tree) => tree.length > 0) ?? [],
    };
  }

  /** What socat has read, from either side. */
  async channelBytes() {
    return await this.#number("$(sed -n 's/rchar: //p' /proc/$socat/io)");
  }

  async guestMemory() {
    return await this.#number("$(awk '/MemTotal/{t=$2}/MemAvailable/{a=$2}END{print (t-a)*1024}' /proc/meminfo)");
  }

  /** The shell's own read and echo, without another process. */
  async wakeUp() {
    const control = await this.#controlled();
    const began = performance.now();
    control.socket.write("echo awake >&3\n");
    await control.lines.find("awake");
    return performance.now() - began;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#control?.socket.destroy();
    for (const child of [this.#machine, ...this.#near]) if (child !== undefined) await endProcess(child);
  }

  async #controlled() {
    this.#control ??= await this.#start();
    return this.#control;
  }

  async #number(expression: string): Promise<number> {
    const control = await this.#controlled();
    control.socket.write(`echo number ${expression} >&3\n`);
    return Number((await control.lines.find("number"))[1]);
  }

  /** Where waypipe on the host listens for the app that uses `port`. */
  #socket(port: number): string {
    return join(this.#compositor.runtimeDir, `${basename(this.#options.folder)}-${port}`);
  }

  async #start() {
    const { kernel, accelerator, toolsImage, appImage, compression, folder } = this.#options;
    for (let port = 0; port < PORTS; port++) {
      const args = ["-c", compression, "--no-gpu", "-s", this.#socket(port), "client"];
      this.#near.push(this.#compositor.spawn("waypipe", args));
    }
    const init = readFileSync(join(import.meta.dirname, "../../src/guest/boot/init"), "utf8");
    const [mounts = "", rest] = init.replace(AGENT_START, "").split(MOUNTED);
    if (rest === undefined || !init.includes(AGENT_START)) throw new Error("init is not what it was");
    const data = new TextEncoder().encode(mounts + INIT_END);
    const own = cpioArchive([{ kind: "file", path: "init", data, executable: true }]);
    const initramfs = join(folder, "initramfs-pci-serial");
    // Of two archives in a row, the later one's files stand.
    writeFileSync(initramfs, Buffer.concat([readFileSync(kernel.initramfs), own]));
    const spec = {
      name: "peer",
      kernel: { ...kernel, initramfs },
      toolsImage,
      appImage,
      consoleLog: "",
      workFolder: "",
      confined: false,
    };
    const files = guestFiles(spec, "pci-serial");
    const sockets = [...Array(PORTS).keys()].map((port) => this.#socket(port));
    await eventually(
      "waiting for waypipe",
      10_000,
      () => sockets.every((path) => statSync(path, { throwIfNoEntry: false })) || undefined,
    );
    const control = join(folder, "control");
    const channel = ["-chardev", `socket,id=control,path=${control},server=on,wait=off`];
    const ports = sockets.flatMap((path, port) => [
      ...["-chardev", `socket,id=pipe${port},path=${path}`],
      ...["-device", `virtserialport,chardev=pipe${port},name=pipe${port}`],
    ]);
    const device = ["-device", "virtserialport,chardev=control,name=control"];
    const args = [
      ...withAllMemory(
        withoutInherited(qemuArguments(spec, accelerator, undefined, (name) => files[name] ?? "")),
        memoryParts(spec).elastic,
      ),
      ...channel,
      ...device,
      ...ports,
    ];
    const serial = ["-serial", `file:${join(folder, "console")}`];
    this.#machine = spawn("setpriv", ["--pdeathsig=KILL", "qemu-system-x86_64", ...args, ...serial], {
      detached: true,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const socket = await eventually("waiting for the machine", 10_000, async () => {
      const attempt = createConnection(control);
      const outcome = await Promise.race([
        once(attempt, "connect").then(() => true),
        once(attempt, "error").then(() => false),
      ]).catch(() => false);
      return outcome ? attempt : undefined;
    });
    return { socket, lines: new Lines(socket) };
  }
}

/** QEMU's command line of a machine that gets its memory at once: nobody is there to ask for the rest of it. */
function withAllMemory(args: readonly string[], elasticMib: number): string[] {
  return args.map((arg) => arg.replace("requested-size=0", `requested-size=${elasticMib}M`));
}

/** QEMU's command line without what expects inherited descriptors. */
function withoutInherited(args: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const [option = "", value = ""] = args.slice(index, index + 2);
    const drop =
      option === "-chardev" || option === "-serial" || option === "-mon" || value.startsWith("virtserialport");
    if (drop) index += 1;
    else kept.push(option);
  }
  return kept;
}
