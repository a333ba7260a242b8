/**
 * What the supervisor and the display process (both host) say to each other. Both compile this file.
 *
 * 1. The display process holds what an app of the guest can speak to: the host half of the display. It is started inside
 *    walls, as a monitor is, with these descriptors and no others: the mux of this contract, a socket on which the guest's
 *    display link comes (one byte with its descriptor), the arena, and a socket on which it asks for connections to the
 *    compositor.
 * 2. On the mux the supervisor, its "client" side, opens one {kind: "rpc"} stream, on which each side serves a contract of its
 *    own, and {kind: "trace"} streams, which carry contract/trace.ts to whoever asked for it.
 * 3. On the socket for connections, the display process writes a byte for each that it wants, and gets a byte for each:
 *    CONNECTED together with the connection's descriptor, or NOT_CONNECTED.
 * 4. Whoever breaks out of the walls is a guest: the supervisor checks all that comes from there.
 */
import * as z from "zod/mini";
import { traceOptionsSchema } from "./trace.ts";

/** Descriptors that the display process inherits. */
export const DISPLAY_PROCESS_FD = { mux: 3, link: 4, arena: 5, connections: 6 } as const;

/** Answers on the socket for connections. */
export const CONNECTED = 1;
export const NOT_CONNECTED = 0;

/** Most characters of a message for the log, and most lines of the last messages of a connection. */
export const MAX_NOTICE_CHARS = 1024;
export const MAX_TRAIL_LINES = 256;
/** Most screens of a desktop. */
export const MAX_SCREENS = 64;

const text = z.string().check(z.maxLength(MAX_NOTICE_CHARS));
const coordinate = z.int();
const count = z.int().check(z.minimum(0));

/** Where the screens lie, by the compositor's names of their globals; null: whoever asks the compositor is told. */
const layoutSchema = z.nullable(
  z
    .array(z.object({ name: count, x: coordinate, y: coordinate, width: coordinate, height: coordinate }))
    .check(z.maxLength(MAX_SCREENS)),
);
export type ScreenLayout = z.infer<typeof layoutSchema>;

/** What is in force, as host/policy/packed.ts makes it of a policy: subjects with their values, the first of each; or why all is denied. */
const policySchema = z.union([
  z.object({ rules: z.array(z.tuple([z.string(), z.string()])) }),
  z.object({ broken: z.object({ file: z.string(), line: z.int(), message: z.string() }) }),
]);
export type PackedPolicy = z.infer<typeof policySchema>;

const settingsSchema = z.object({
  sandbox: z.string(),
  /** Of its frames, 0xRRGGBB. */
  colour: z.int(),
  /** Where in its file the arena begins, and its size, in bytes. */
  arenaOffset: count,
  arenaBytes: count,
  pixels: z.enum(["arena", "stream"]),
  policy: policySchema,
  layout: layoutSchema,
  /** Nobody is to see the windows yet: apps are shown a compositor that shows nothing. */
  backstage: z.boolean(),
});
export type DisplaySettings = z.infer<typeof settingsSchema>;

/** Served by the display process. */
export const displayProcessContract = {
  methods: {
    /** First call: takes the display link into service. */
    open: { params: settingsSchema, result: z.object({}) },
    /** Puts a policy in force; tells how many app connections it ended. */
    setPolicy: { params: z.object({ policy: policySchema }), result: z.object({ ended: count }) },
    /** A token for an app, which stands for one of the compositor's. */
    mintActivationToken: { params: z.object({ hostToken: z.string() }), result: z.object({ token: text }) },
    /** Brings windows that nobody sees yet to the user's compositor. `hostToken`: gives the first of them the focus. */
    moveToUser: { params: z.object({ hostToken: z.nullable(z.string()) }), result: z.object({}) },
    /** By how much the host's monotonic clock is ahead of the guest's, in nanoseconds. */
    setClockOffset: { params: z.object({ nanoseconds: z.int() }), result: z.object({}) },
    /** The screens have changed. */
    setLayout: { params: z.object({ layout: layoutSchema }), result: z.object({}) },
    /** From now on `heard` is told whenever an app has said something, or no more. */
    listen: { params: z.object({ on: z.boolean() }), result: z.object({}) },
    /** Ends every app connection; answers when the compositor has taken leave of all apps. */
    close: { params: z.object({}), result: z.object({}) },
  },
  events: {
    /** The number of windows with content has changed. */
    windows: z.object({ count }),
    firstFrame: z.object({}),
    compositorLost: z.object({}),
    heard: z.object({}),
    trail: z.object({ client: z.int(), lines: z.array(text).check(z.maxLength(MAX_TRAIL_LINES)) }),
    notice: z.object({ severity: z.enum(["info", "warning", "error"]), message: text }),
  },
} as const;

/** Served by the supervisor. */
export const displayKeeperContract = {
  methods: {
    /** The compositor has gone: a new way to it. Errors: "unavailable" while it is not there again. */
    reopen: { params: z.object({}), result: z.object({ layout: layoutSchema }) },
  },
  events: {},
} as const;

/** Headers of the streams that the supervisor opens. */
export const displayStreamHeader = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("rpc") }),
  z.object({ kind: z.literal("trace"), options: traceOptionsSchema }),
]);
export type DisplayStreamHeader = z.infer<typeof displayStreamHeader>;
