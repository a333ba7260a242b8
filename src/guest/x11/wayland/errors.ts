import { VitrineError } from "../../../base/error.ts";

/** Xwayland, or the display, has said something that the bridge cannot follow. */
export function waylandError(message: string): VitrineError {
  return new VitrineError("protocol", `Xwayland: ${message}`);
}
