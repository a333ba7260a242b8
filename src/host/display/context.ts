/** What all app connections of one sandbox share. */
import type { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import type { RelayRegistry } from "./allow-list.ts";
import type { Transfers } from "./transfers.ts";

export interface DisplayContext {
  /** Name of the sandbox; part of every application id. */
  readonly sandbox: string;
  /** The user's compositor. */
  readonly socketPath: string;
  /** The window arena, borrowed; the very file is given to the compositor. */
  readonly arena: OwnedFd;
  /** Where in that file the arena begins. */
  readonly arenaOffset: number;
  readonly arenaBytes: number;
  readonly relays: RelayRegistry;
  readonly transfers: Transfers;
  /** Nanoseconds to subtract from a time of the host's monotonic clock to get the guest's. */
  clockOffset(): bigint;
  /** Writes pixel rows that came as bytes into the arena. Refused where the guest maps the arena itself. */
  writePixels(offset: number, stride: number, rowBytes: number, data: Uint8Array): void;
  /** A window got its first content, or a window went away. */
  windowShown(): void;
  windowHidden(): void;
  compositorLost(error: VitrineError | undefined): void;
  notice(severity: "info" | "warning" | "error", message: string): void;
}
