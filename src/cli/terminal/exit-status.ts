/**
 * The exit statuses of `vitrine`. Own failures use the numbers of sysexits(3) where one fits, which apps rarely use; the
 * status of an app passes through as it is (`run --wait`, `exec`, `shell`), as a shell would report it.
 */
import { constants } from "node:os";
import { ExitCode } from "@stricli/core";
import { type ErrorCode, VitrineError } from "../../base/error.ts";

export const EXIT_OK = 0;
/** `doctor` found something that must be mended; `exec` and friends cannot reach what they need. */
export const EXIT_UNAVAILABLE = 69;
/** The command line is wrong. */
const EXIT_USAGE = 64;
/** A defect of Vitrine. */
const EXIT_INTERNAL = 70;
/** The command that was to be started in the sandbox is not there; as shells have it. */
const EXIT_COMMAND_NOT_FOUND = 127;
/** Ended by a signal: this plus the signal's number; as shells have it. */
const EXIT_SIGNAL_BASE = 128;

const BY_ERROR: Readonly<Record<ErrorCode, number>> = {
  "invalid-argument": EXIT_USAGE,
  corrupt: 65,
  "not-found": 66,
  unavailable: EXIT_UNAVAILABLE,
  internal: EXIT_INTERNAL,
  "guest-failed": 71,
  limit: 72,
  "already-exists": 73,
  io: 74,
  "no-space": 74,
  timeout: 75,
  protocol: 76,
  denied: 77,
  cancelled: EXIT_SIGNAL_BASE + constants.signals.SIGINT,
};

/** The sandbox has no such command. */
export class CommandNotFound extends VitrineError {
  constructor(message: string, cause: unknown) {
    super("not-found", message, { cause });
  }
}

/** The exit status for an error that ended a command. */
export function statusOfError(error: unknown): number {
  if (error instanceof CommandNotFound) return EXIT_COMMAND_NOT_FOUND;
  return BY_ERROR[VitrineError.from(error).code];
}

/** The exit status for a process of the sandbox. */
export function statusOfProcess(end: { code: number | null; signal: string | null }): number {
  if (end.code !== null) return end.code;
  const number = Object.entries(constants.signals).find(([name]) => name === end.signal)?.[1];
  return EXIT_SIGNAL_BASE + (number ?? 0);
}

/** The exit status for what Stricli reports (its own are negative). */
export function statusOfRun(exitCode: number | string | null | undefined): number {
  const code = Number(exitCode ?? 0);
  if (code >= 0) return code;
  return code === ExitCode.UnknownCommand || code === ExitCode.InvalidArgument ? EXIT_USAGE : EXIT_INTERNAL;
}
