/**
 * The way to the compositor for a process that can make no connections: its supervisor makes them, of the sandbox's kind, and
 * passes them on. Connections are wanted in the middle of a message of an app, so the answer is waited for on the spot.
 */
import { VitrineError } from "../../../base/error.ts";
import { CONNECTED, type ScreenLayout } from "../../../channel/contract/display-process.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { awaitReadable } from "../../../sys/poll.ts";
import { receiveMessage, sendMessage } from "../../../sys/socket.ts";
import type { CompositorRoute } from "../compositor-route.ts";
import type { Layout, LogicalArea } from "../output-layout.ts";

/** How long the supervisor may take, in milliseconds: it may be busy, and it never waits for us. */
const CONNECT_DEADLINE_MS = 5000;

/** The layout of the screens as the supervisor tells it. */
export class ToldLayout implements Layout {
  #areas: ReadonlyMap<number, LogicalArea> | undefined;
  readonly #listeners = new Set<() => void>();

  set(screens: ScreenLayout): void {
    this.#areas = screens === null ? undefined : new Map(screens.map(({ name, ...area }) => [name, area]));
    for (const listener of this.#listeners) listener();
  }

  areaOf(hostName: number | undefined): LogicalArea | "pending" | "unknown" {
    if (this.#areas === undefined) return "unknown";
    return this.#areas.get(hostName ?? 0) ?? "pending";
  }

  areas(): ReadonlyMap<number, LogicalArea> | undefined {
    return this.#areas;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Asks on `socket`, which stays the caller's. */
export function inheritedRoute(socket: OwnedFd, layout: Layout): CompositorRoute {
  return { layout, connect: () => askForConnection(socket), close: () => {} };
}

function askForConnection(socket: OwnedFd): OwnedFd {
  const answer = new Uint8Array(1);
  if (sendMessage(socket, answer) !== 1 || !awaitReadable(socket, CONNECT_DEADLINE_MS)) throw unreachable();
  const received = receiveMessage(socket, answer, 1);
  const fd = received === "again" ? undefined : received.fds[0];
  if (fd === undefined || answer[0] !== CONNECTED) {
    fd?.close();
    throw unreachable();
  }
  return fd;
}

function unreachable(): VitrineError {
  return new VitrineError("unavailable", "Cannot reach the compositor");
}
