/**
 * As much of the domain name system as a list of hosts needs: which name a guest asks for, and which addresses the answer
 * gives. Questions come from a hostile guest, answers from whoever serves a name.
 *
 * Reference: RFC 1035, section 4.
 */
import { type Address, readAddress } from "./address.ts";

/** Addresses taken from one answer; more only make a guest's way to a host less sure. */
export const MAX_ANSWER_ADDRESSES = 64;

export interface Question {
  readonly id: number;
  /** In lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
}

export interface Answer extends Question {
  readonly addresses: readonly { readonly address: Address; readonly seconds: number }[];
}

export const RECORD_TYPE = { a: 1, aaaa: 28 } as const;
const CLASS_IN = 1;
const HEADER_BYTES = 12;
/** Flags of the header: a response, its kind, its result. */
const [QR, OPCODE, RA, RCODE] = [0x8000, 0x7800, 0x0080, 0x000f];
const REFUSED = 5;
/** Pointers of a compressed name lead back; this many are more than any name needs. */
const MAX_POINTERS = 16;
const MAX_NAME_BYTES = 255;

/** An ordinary query with one question; undefined when `message` is anything else. */
export function parseQuestion(message: Uint8Array): Question | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const view = viewOf(message);
  if ((view.getUint16(2) & (QR | OPCODE)) !== 0) return undefined;
  return readQuestion(view)?.question;
}

/** The response to one question; undefined when `message` is none, or is damaged. */
export function parseAnswer(message: Uint8Array): Answer | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const view = viewOf(message);
  if ((view.getUint16(2) & (QR | OPCODE)) !== QR) return undefined;
  const asked = readQuestion(view);
  if (asked === undefined) return undefined;
  const addresses: { address: Address; seconds: number }[] = [];
  let at = asked.end;
  for (let count = view.getUint16(6); count > 0; count--) {
    const name = readName(view, at);
    if (name === undefined || name.end + 10 > view.byteLength) return undefined;
    const type = view.getUint16(name.end);
    const seconds = view.getUint32(name.end + 4);
    const data = name.end + 10;
    const length = view.getUint16(name.end + 8);
    if (data + length > view.byteLength) return undefined;
    const version =
      type === RECORD_TYPE.a && length === 4 ? 4 : type === RECORD_TYPE.aaaa && length === 16 ? 6 : undefined;
    if (version !== undefined && view.getUint16(name.end + 2) === CLASS_IN && addresses.length < MAX_ANSWER_ADDRESSES) {
      addresses.push({ address: readAddress(view, data, version), seconds });
    }
    at = data + length;
  }
  return { ...asked.question, addresses };
}

/** The response that refuses the query `message`, of which {@link parseQuestion} has made sense. */
export function refusal(message: Uint8Array): Uint8Array {
  const end = readQuestion(viewOf(message))?.end ?? HEADER_BYTES;
  const response = message.slice(0, end);
  const view = viewOf(response);
  view.setUint16(2, (view.getUint16(2) & ~RCODE) | QR | RA | REFUSED);
  // The question is answered as it is; records that went along with it are not.
  for (const field of [6, 8, 10]) view.setUint16(field, 0);
  return response;
}

function readQuestion(view: DataView): { question: Question; end: number } | undefined {
  if (view.getUint16(4) !== 1) return undefined;
  const name = readName(view, HEADER_BYTES);
  if (name === undefined || name.end + 4 > view.byteLength) return undefined;
  if (view.getUint16(name.end + 2) !== CLASS_IN) return undefined;
  return { question: { id: view.getUint16(0), name: name.text, type: view.getUint16(name.end) }, end: name.end + 4 };
}

/** The name at `start`, and where what follows it begins. Undefined when it leads out of the message or round and round. */
function readName(view: DataView, start: number): { text: string; end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let bytes = 0;
  for (let pointers = 0; at < view.byteLength; ) {
    const length = view.getUint8(at);
    if (length === 0) return { text: labels.join("."), end: end ?? at + 1 };
    if (length >= 0xc0) {
      if (at + 2 > view.byteLength || ++pointers > MAX_POINTERS) return undefined;
      end ??= at + 2;
      at = view.getUint16(at) & 0x3fff;
      continue;
    }
    bytes += length + 1;
    if (length >= 0x40 || at + 1 + length > view.byteLength || bytes > MAX_NAME_BYTES) return undefined;
    const label = readLabel(view, at + 1, length);
    if (label === undefined) return undefined;
    labels.push(label);
    at += 1 + length;
  }
  return undefined;
}

/** Only what names of hosts are made of: a dot or a blank inside a label would make one name look like another. */
function readLabel(view: DataView, start: number, length: number): string | undefined {
  let label = "";
  for (let at = start; at < start + length; at++) label += String.fromCharCode(view.getUint8(at));
  return /^[A-Za-z0-9_-]+$/.test(label) ? label.toLowerCase() : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
