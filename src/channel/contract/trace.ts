/**
 * What travels on a {kind: "trace"} stream of the control socket, from the supervisor to the caller: messages of
 * channel/message.ts, each one of {@link traceMessageSchema}, until either side ends the stream.
 */
import * as z from "zod/mini";

/** Where a message was seen: coming from the app, going to the compositor, coming back, going to the app. */
export const TRACE_DIRECTIONS = ["guest->", "->host", "<-host", "->guest"] as const;
export type TraceDirection = (typeof TRACE_DIRECTIONS)[number];

/** Kinds of messages, of which each can be left out. */
export const TRACE_CATEGORIES = [
  "motion",
  "frame",
  "shm",
  "delete",
  "region",
  "drawing",
  "input",
  "data",
  "shell",
  "registry",
  "other",
] as const;
export type TraceCategory = (typeof TRACE_CATEGORIES)[number];

/** Bytes of one message of a trace; one with the longest names and most arguments has a quarter. */
export const MAX_TRACE_MESSAGE_BYTES = 8192;

export const traceMessageSchema = z.union([
  /** The first: from now on everything is seen. */
  z.object({ watching: z.literal(true) }),
  z.object({
    /** Milliseconds since 1970. */
    at: z.number(),
    /** Number of the app connection. */
    client: z.int(),
    direction: z.enum(TRACE_DIRECTIONS),
    category: z.enum(TRACE_CATEGORIES),
    interface: z.string(),
    /** Id in the numbering of the side that the direction names. */
    id: z.int(),
    message: z.string(),
    /** Fit to be shown: numbers, objects, lengths; see host/display/trace/format.ts. */
    arguments: z.array(z.string()),
  }),
  /** So many messages were left out since the last one, because the caller did not take them fast enough. */
  z.object({ dropped: z.int() }),
  /** There is no trace, for this reason; the stream ends. */
  z.object({ refused: z.string() }),
]);
export type TraceMessage = z.infer<typeof traceMessageSchema>;
export type TraceRecord = Extract<TraceMessage, { direction: TraceDirection }>;

/** What a caller wants to see. */
export const traceOptionsSchema = z.object({
  /** One app connection only. */
  client: z.optional(z.int()),
  /** Categories that are left out. */
  without: z.array(z.enum(TRACE_CATEGORIES)).check(z.maxLength(TRACE_CATEGORIES.length)),
});
export type TraceOptions = z.infer<typeof traceOptionsSchema>;
