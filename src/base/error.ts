/**
 * The one error class of Vitrine. A message follows one grammar: what failed, the offending value in quotes, the state
 * wanted; `fix` is the command or step that mends it. The code decides the exit status of the CLI.
 */
export type ErrorCode =
  /** The caller passed something unusable. */
  | "invalid-argument"
  /** A named thing (image, sandbox, command) is not there. */
  | "not-found"
  /** A named thing is there already. */
  | "already-exists"
  /** Something the machine must offer is missing (compositor, executable, permission). */
  | "unavailable"
  /** A peer broke a protocol. */
  | "protocol"
  /** A named bound of docs/LIMITS.md was reached. */
  | "limit"
  /** A digest, signature or format check refused stored or downloaded data. */
  | "corrupt"
  /** The disk is full. */
  | "no-space"
  /** Policy refused it. */
  | "denied"
  /** The virtual machine or its guest failed (panic, agent gone, no sign of life). */
  | "guest-failed"
  /** A deadline passed. */
  | "timeout"
  /** The user or a caller cancelled. */
  | "cancelled"
  /** A system call failed for another reason. */
  | "io"
  /** A defect of Vitrine itself. */
  | "internal";

/** What went wrong, for people (`message`, `fix`) and for programs (`code`, `cause`). */
export class VitrineError extends Error {
  readonly code: ErrorCode;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; fix?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VitrineError";
    this.code = code;
    this.fix = options.fix;
  }

  /** The error itself when it is one of ours, else one with code "internal" that keeps it as the cause. */
  static from(error: unknown): VitrineError {
    if (error instanceof VitrineError) return error;
    return new VitrineError("internal", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
