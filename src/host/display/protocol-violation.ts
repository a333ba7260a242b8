/** A guest's request that breaks a rule of a Wayland protocol; becomes wl_display.error and ends its connection. */

import { VitrineError } from "../../base/error.ts";

/** wl_display.error codes of the core protocol. */
export const WL_DISPLAY_ERROR = { invalidObject: 0, invalidMethod: 1, noMemory: 2, implementation: 3 } as const;

export class ProtocolViolation extends Error {
  /** Object in the app's numbering that the error is about. */
  readonly guestId: number;
  /** Error code in the object's interface (or wl_display's). */
  readonly wireCode: number;

  constructor(guestId: number, wireCode: number, message: string) {
    super(message);
    this.name = "ProtocolViolation";
    this.guestId = guestId;
    this.wireCode = wireCode;
  }
}

/** What the guest is told of an error that a request of its met with. */
export function violationOf(cause: unknown): ProtocolViolation {
  if (cause instanceof ProtocolViolation) return cause;
  const { code, message } = VitrineError.from(cause);
  return new ProtocolViolation(
    1,
    code === "limit" ? WL_DISPLAY_ERROR.noMemory : WL_DISPLAY_ERROR.invalidMethod,
    message,
  );
}
