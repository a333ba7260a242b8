/**
 * cloud-hypervisor's events: JSON objects with an empty line after each. Only two are of interest: a guest that reboots
 * begins anew in the same process, and one that switches itself off leaves the process behind for a moment.
 */
import * as z from "zod/mini";
import type { ByteStream } from "../../../channel/byte-stream.ts";

/** Characters of one event; they have about 200. */
export const MAX_EVENT_CHARS = 64 * 1024;

const eventSchema = z.object({ source: z.string(), event: z.string() });
const GUEST_OVER = ["rebooting", "shutdown"];

/** Calls `onGuestOver` for every event that says so. Takes over `stream`; nonsense on it is dropped. */
export function watchEvents(stream: ByteStream, onGuestOver: () => void): void {
  const decoder = new TextDecoder();
  let text = "";
  stream.onData((chunk) => {
    const events = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
    text = (events.pop() ?? "").slice(-MAX_EVENT_CHARS);
    if (events.some(saysGuestIsOver)) onGuestOver();
  });
  stream.onEnd(() => stream.destroy());
}

function saysGuestIsOver(event: string): boolean {
  try {
    const { source, event: name } = eventSchema.parse(JSON.parse(event));
    return source === "vm" && GUEST_OVER.includes(name);
  } catch {
    return false;
  }
}
