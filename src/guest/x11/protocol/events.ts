/**
 * The events that a window manager is told of, 32 bytes each: code, one byte of detail, sequence number, fields (X11
 * protocol, appendix B). In `fields` the byte of detail comes first.
 */
import { type Fields, type Layout, readFields, writeFields } from "./layout.ts";

const EVENT_BYTES = 32;
/** Set in the code of an event that a client has sent, not the server. */
const SENT = 0x80;

const EVENTS = {
  focusIn: {
    code: 9,
    fields: [
      ["u8", "detail"],
      ["u32", "window"],
      ["u8", "mode"],
    ],
  },
  createNotify: {
    code: 16,
    fields: [
      ["unused1"],
      ["u32", "parent"],
      ["u32", "window"],
      ["i16", "x"],
      ["i16", "y"],
      ["u16", "width"],
      ["u16", "height"],
      ["u16", "borderWidth"],
      ["u8", "overrideRedirect"],
    ],
  },
  destroyNotify: { code: 17, fields: [["unused1"], ["u32", "event"], ["u32", "window"]] },
  unmapNotify: { code: 18, fields: [["unused1"], ["u32", "event"], ["u32", "window"], ["u8", "fromConfigure"]] },
  mapNotify: { code: 19, fields: [["unused1"], ["u32", "event"], ["u32", "window"], ["u8", "overrideRedirect"]] },
  mapRequest: { code: 20, fields: [["unused1"], ["u32", "parent"], ["u32", "window"]] },
  reparentNotify: {
    code: 21,
    fields: [
      ["unused1"],
      ["u32", "event"],
      ["u32", "window"],
      ["u32", "parent"],
      ["i16", "x"],
      ["i16", "y"],
      ["u8", "overrideRedirect"],
    ],
  },
  configureNotify: {
    code: 22,
    fields: [
      ["unused1"],
      ["u32", "event"],
      ["u32", "window"],
      ["u32", "aboveSibling"],
      ["i16", "x"],
      ["i16", "y"],
      ["u16", "width"],
      ["u16", "height"],
      ["u16", "borderWidth"],
      ["u8", "overrideRedirect"],
    ],
  },
  configureRequest: {
    code: 23,
    fields: [
      ["u8", "stackMode"],
      ["u32", "parent"],
      ["u32", "window"],
      ["u32", "sibling"],
      ["i16", "x"],
      ["i16", "y"],
      ["u16", "width"],
      ["u16", "height"],
      ["u16", "borderWidth"],
      ["u16", "mask"],
    ],
  },
  propertyNotify: {
    code: 28,
    fields: [["unused1"], ["u32", "window"], ["u32", "atom"], ["u32", "time"], ["u8", "state"]],
  },
  selectionClear: { code: 29, fields: [["unused1"], ["u32", "time"], ["u32", "owner"], ["u32", "selection"]] },
  selectionRequest: {
    code: 30,
    fields: [
      ["unused1"],
      ["u32", "time"],
      ["u32", "owner"],
      ["u32", "requestor"],
      ["u32", "selection"],
      ["u32", "target"],
      ["u32", "property"],
    ],
  },
  selectionNotify: {
    code: 31,
    fields: [
      ["unused1"],
      ["u32", "time"],
      ["u32", "requestor"],
      ["u32", "selection"],
      ["u32", "target"],
      ["u32", "property"],
    ],
  },
  clientMessage: {
    code: 33,
    fields: [
      ["u8", "format"],
      ["u32", "window"],
      ["u32", "type"],
      ["u32", "data0"],
      ["u32", "data1"],
      ["u32", "data2"],
      ["u32", "data3"],
      ["u32", "data4"],
    ],
  },
} as const satisfies Readonly<Record<string, { code: number; fields: Layout }>>;

/** Of the extension XFIXES, whose first code the server chooses. */
const XFIXES_SELECTION_NOTIFY = [
  ["u8", "subtype"],
  ["u32", "window"],
  ["u32", "owner"],
  ["u32", "selection"],
  ["u32", "time"],
  ["u32", "selectionTime"],
] as const satisfies Layout;

type EventTables = typeof EVENTS & { xfixesSelectionNotify: { fields: typeof XFIXES_SELECTION_NOTIFY } };
export type EventName = keyof EventTables;
export type EventFields<N extends EventName> = Fields<EventTables[N]["fields"]>;

/** An event, named, with `sent` when another client and not the server says it. */
export type XEvent = {
  [N in EventName]: { readonly name: N; readonly sent: boolean; readonly fields: EventFields<N> };
}[EventName];

const BY_CODE: ReadonlyMap<number, { readonly name: string; readonly fields: Layout }> = new Map(
  Object.entries(EVENTS).map(([name, { code, fields }]) => [code, { name, fields }]),
);

/** The event in these 32 bytes; undefined for one that is not known here. `xfixesFirst`: first code of XFIXES's events. */
export function decodeEvent(bytes: Uint8Array, xfixesFirst: number | undefined): XEvent | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = view.getUint8(0) & ~SENT;
  const table =
    code === xfixesFirst ? { name: "xfixesSelectionNotify", fields: XFIXES_SELECTION_NOTIFY } : BY_CODE.get(code);
  if (table === undefined) return undefined;
  const [detail, ...fields] = table.fields as Layout;
  const values = { ...(detail && readFields(view, 1, [detail])), ...readFields(view, 4, fields) };
  return { name: table.name, sent: (view.getUint8(0) & SENT) !== 0, fields: values } as XEvent;
}

/** The bytes of an event, to be sent to a client. */
export function encodeEvent<N extends keyof typeof EVENTS>(name: N, values: EventFields<N>): Uint8Array {
  const { code, fields } = EVENTS[name] as { code: number; fields: Layout };
  const [detail, ...rest] = fields;
  const bytes = new Uint8Array(EVENT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, code);
  if (detail !== undefined) writeFields(view, 1, [detail], values);
  writeFields(view, 4, rest, values);
  return bytes;
}
