/**
 * An X server for programs that know no Wayland: the socket is there from the beginning, Xwayland and the bridge from the
 * first program that connects. When either ends, the other does, and the next program starts both anew.
 */
import { VitrineError } from "../../base/error.ts";
import { OwnedFd } from "../../sys/fd.ts";
import { type Watch, watch } from "../../sys/loop.ts";
import { connectUnix, socketPair } from "../../sys/socket.ts";
import type { X11Bridge } from "./bridge.ts";

/** Xwayland's ends, in the order of its descriptors from 3 on. */
const WAYLAND_FD = 3;
const WINDOW_MANAGER_FD = 4;
const LISTENER_FD = 5;
/** After this many starts that came to nothing, the socket is closed: programs hear at once that there is no X server. */
export const MAX_FAILED_X_STARTS = 5;
/** An Xwayland that has run as long did not come to nothing, in milliseconds. */
export const X_START_GOOD_MS = 10_000;

export interface XServerOptions {
  /** Where programs connect; taken over. */
  readonly listener: OwnedFd;
  /** Where the display listens. */
  readonly displaySocket: string;
  /** Starts Xwayland with these arguments behind the name of its display and variables, and with `fds` as its descriptors from 3 on. */
  readonly spawn: (
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    fds: readonly OwnedFd[],
  ) => Bun.Subprocess;
  readonly onNotice: (message: string) => void;
}

export class XServer {
  readonly #options: XServerOptions;
  #watch: Watch | undefined;
  #process: Bun.Subprocess | undefined;
  #bridge: X11Bridge | undefined;
  #isClosed = false;
  #failures = 0;

  constructor(options: XServerOptions) {
    this.#options = options;
    this.#wait();
  }

  /** The process of Xwayland, while there is one. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
    this.#bridge?.close();
    this.#process?.kill("SIGKILL");
    this.#options.listener.close();
  }

  #wait(): void {
    this.#watch = watch(this.#options.listener, { readable: true }, () => {
      // Xwayland takes the connection itself.
      this.#watch?.close();
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const started = performance.now();
    try {
      const process = await this.#start();
      await process.exited;
      this.#ended(`Xwayland has ended with ${process.signalCode ?? `status ${process.exitCode}`}`, started);
    } catch (error) {
      this.#ended(VitrineError.from(error).message, started);
    }
  }

  async #start(): Promise<Bun.Subprocess> {
    // Read only now: most sandboxes never come here.
    const { X11Bridge } = await import("./bridge.ts");
    if (this.#isClosed) throw new VitrineError("cancelled", "Cannot start Xwayland: the guest is stopping");
    using ends = new DisposableStack();
    const [wayland, waylandFar] = pairIn(ends);
    const [windowManager, windowManagerFar] = pairIn(ends);
    const display = ends.use(connectUnix(this.#options.displaySocket));
    const process = this.#spawn([waylandFar, windowManagerFar, this.#options.listener]);
    this.#process = process;
    this.#bridge = new X11Bridge({
      wayland: OwnedFd.own(wayland.take()),
      windowManager: OwnedFd.own(windowManager.take()),
      display: OwnedFd.own(display.take()),
      onEnded: (error) => {
        if (error !== undefined) this.#options.onNotice(`X11: ${error.message}`);
        process.kill("SIGKILL");
      },
    });
    return process;
  }

  #spawn(fds: readonly OwnedFd[]): Bun.Subprocess {
    const options = ["-rootless", "-shm", "-noreset", "-nolisten", "tcp"];
    const wiring = ["-wm", String(WINDOW_MANAGER_FD), "-listenfd", String(LISTENER_FD)];
    return this.#options.spawn([...options, ...wiring], { WAYLAND_SOCKET: String(WAYLAND_FD) }, fds);
  }

  #ended(notice: string, started: number): void {
    if (this.#isClosed) return;
    this.#bridge?.close();
    this.#bridge = undefined;
    this.#process = undefined;
    this.#options.onNotice(`X11: ${notice}`);
    this.#failures = performance.now() - started < X_START_GOOD_MS ? this.#failures + 1 : 0;
    if (this.#failures < MAX_FAILED_X_STARTS) this.#wait();
    else this.close();
  }
}

/** Two joined sockets, which go with the stack unless they are taken. */
function pairIn(ends: DisposableStack): [OwnedFd, OwnedFd] {
  const [near, far] = socketPair();
  return [ends.use(near), ends.use(far)];
}
