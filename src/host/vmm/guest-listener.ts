/**
 * Waits for the guest to connect, on a driver whose vsock ends in Unix sockets of the host: a guest's connection to port P
 * of the host becomes one to the socket "PATH_P" (Firecracker; cloud-hypervisor does the same). The guest connects to us
 * and we never to it, so nothing on the host follows a path that a monitor may write.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { AGENT_PORT, DISPLAY_PORT } from "../../channel/contract/agent.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Watch, watch } from "../../sys/loop.ts";
import { acceptConnection, listenUnix } from "../../sys/socket.ts";

/** One for each byte pipe of a guest. */
export interface GuestListeners {
  readonly agent: GuestListener;
  readonly display: GuestListener;
}

/** Waits in the monitor's working folder, where its vsock ends in sockets of this name. */
export function listenForGuest(workFolder: string, socketName: string): GuestListeners {
  const path = (port: number) => join(workFolder, `${socketName}_${port}`);
  return {
    agent: new GuestListener(path(AGENT_PORT.vsock)),
    display: new GuestListener(path(DISPLAY_PORT.vsock)),
  };
}

class GuestListener {
  /** The guest's connection, owned by whoever awaits it. Rejects when the listener is closed before. */
  readonly connection: Promise<OwnedFd>;
  readonly #path: string;
  readonly #listener: OwnedFd;
  readonly #watch: Watch;
  readonly #reject: (error: VitrineError) => void;

  /** Listens at `path`, for one connection. */
  constructor(path: string) {
    const { promise, resolve, reject } = Promise.withResolvers<OwnedFd>();
    promise.catch(() => {});
    this.connection = promise;
    this.#reject = reject;
    this.#path = path;
    this.#listener = listenUnix(path, 1);
    this.#watch = watch(this.#listener, { readable: true }, () => {
      const connection = acceptConnection(this.#listener);
      if (connection === undefined) return;
      resolve(connection);
      this.close();
    });
  }

  close(): void {
    if (!this.#listener.isOpen) return;
    this.#watch.close();
    this.#listener.close();
    rmSync(this.#path, { force: true });
    this.#reject(new VitrineError("guest-failed", "The machine ended before its agent connected"));
  }
}
