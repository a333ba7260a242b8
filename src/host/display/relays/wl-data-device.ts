/**
 * wl_data_device_manager: clipboard, and drag and drop. The compositor offers data only to the app that has the focus;
 * the bytes go through transfers.ts, never through a descriptor that both sides hold.
 */
import {
  wl_data_device,
  wl_data_device_manager,
  wl_data_offer,
  wl_data_source,
} from "../../../wayland/generated/wayland.ts";
import type { Value } from "../../../wayland/types.ts";
import { MAX_MIME_BYTES, MAX_MIME_TYPES } from "../limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest } from "../relay.ts";

interface SourceState {
  mimeTypes: number;
}

/** A MIME type, or one of the X11 names that toolkits still offer beside them (UTF8_STRING, TEXT, ...). */
const MIME_TYPE =
  /^[A-Za-z0-9!#$&^_.+-]+(\/[A-Za-z0-9!#$&^_.+-]+)?( *; *[A-Za-z0-9_.-]+=("[ -~]*"|[A-Za-z0-9_.+-]+))*$/;

/** Whether a MIME type is of a form that may cross: printable, bounded, no surprises. */
export function isPassableMimeType(value: Value | undefined): boolean {
  return typeof value === "string" && value.length <= MAX_MIME_BYTES && MIME_TYPE.test(value);
}

function checked(request: GuestRequest<unknown>, index: number): void {
  const mimeType = request.args[index];
  if (mimeType !== null && !isPassableMimeType(mimeType)) {
    throw new ProtocolViolation(request.object.guestId, WL_DISPLAY_ERROR.invalidMethod, "not a MIME type");
  }
  request.forward();
}

export const dataDeviceManagerRelay = defineRelay({
  table: wl_data_device_manager,
  version: 3,
  requests: { create_data_source: forward, get_data_device: forward },
  events: {},
});

export const dataDeviceRelay = defineRelay({
  table: wl_data_device,
  version: 3,
  requests: { start_drag: forward, set_selection: forward, release: forward },
  events: { data_offer: forward, enter: forward, leave: forward, motion: forward, drop: forward, selection: forward },
});

export const dataOfferRelay = defineRelay({
  table: wl_data_offer,
  version: 3,
  requests: {
    accept: (request) => checked(request, 1),
    receive: (request) => checked(request, 0),
    destroy: forward,
    finish: forward,
    set_actions: forward,
  },
  events: {
    offer: ({ args, forward }) => {
      if (isPassableMimeType(args[0])) forward();
    },
    source_actions: forward,
    action: forward,
  },
});

export const dataSourceRelay = defineRelay<SourceState>({
  table: wl_data_source,
  version: 3,
  state: () => ({ mimeTypes: 0 }),
  requests: {
    offer: (request) => {
      const { object } = request;
      object.state.mimeTypes += 1;
      if (object.state.mimeTypes > MAX_MIME_TYPES) {
        throw new ProtocolViolation(
          object.guestId,
          WL_DISPLAY_ERROR.noMemory,
          `more than ${MAX_MIME_TYPES} MIME types`,
        );
      }
      checked(request, 0);
    },
    destroy: forward,
    set_actions: forward,
  },
  events: {
    target: forward,
    send: forward,
    cancelled: forward,
    dnd_drop_performed: forward,
    dnd_finished: forward,
    action: forward,
  },
});
