/** The names under which data is offered (clipboard, selection, drag and drop): which may cross, and how many. */
import type { Value } from "../../wayland/types.ts";
import { MAX_MIME_BYTES, MAX_MIME_TYPES } from "./limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import type { GuestRequest } from "./relay.ts";

/** State of a data source. */
export interface SourceState {
  mimeTypes: number;
}

/** A MIME type, or one of the X11 names that toolkits still offer beside them (UTF8_STRING, TEXT, ...). */
const MIME_TYPE =
  /^[A-Za-z0-9!#$&^_.+-]+(\/[A-Za-z0-9!#$&^_.+-]+)?( *; *[A-Za-z0-9_.-]+=("[ -~]*"|[A-Za-z0-9_.+-]+))*$/;

/** Whether a MIME type is of a form that may cross: printable, bounded, no surprises. */
export function isPassableMimeType(value: Value | undefined): boolean {
  return typeof value === "string" && value.length <= MAX_MIME_BYTES && MIME_TYPE.test(value);
}

/** Passes a request on when its argument `index` is a passable MIME type, or null; else it is a protocol error. */
export function forwardMimeType(request: GuestRequest<unknown>, index: number): void {
  const mimeType = request.args[index];
  if (mimeType !== null && !isPassableMimeType(mimeType)) {
    throw new ProtocolViolation(request.object.guestId, WL_DISPLAY_ERROR.invalidMethod, "not a MIME type");
  }
  request.forward();
}

/** A source offers one more type. One of a form that may not cross is not offered; the others still are. */
export function forwardOffer({ object, args, forward }: GuestRequest<SourceState>): void {
  object.state.mimeTypes += 1;
  if (object.state.mimeTypes > MAX_MIME_TYPES) {
    throw new ProtocolViolation(object.guestId, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_MIME_TYPES} MIME types`);
  }
  if (isPassableMimeType(args[0])) forward();
}
