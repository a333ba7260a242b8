/**
 * What the supervisor (host) and the agent (guest) say to each other. Both ends compile this file.
 *
 * 1. Two byte pipes (virtio-serial ports, or vsock connections) carry one mux each; the host is their "client" side. The
 *    agent link is for what the supervisor does, the display link for windows: on the host it ends in another process.
 * 2. The host opens the {kind: "rpc"} stream first and calls `hello`. Versions must be equal: both ends ship together.
 *    Until then the agent has said nothing, and knows nothing that belongs to one sandbox: so a machine can be saved in
 *    this state and started again, any number of times, each time with a hello of its own.
 * 3. For a process the host chooses a number, opens one stream for each stdio channel it wants, then calls `spawn`.
 *    The end of a stdin stream closes the process's stdin; stdout and stderr streams end when the process closed them.
 *    A terminal is one stream, both directions.
 * 4. The guest opens the display link during hello. On it, it opens one {kind: "wayland"} stream for each app connection;
 *    contract/display.ts says what it carries. The host opens none.
 * 5. On that link the guest opens {kind: "transfer"} streams for clipboard data announced on a wayland stream, too.
 * 6. The loss of the agent link is the end of the guest: the agent reboots, which ends the virtual machine.
 */
import * as z from "zod/mini";

/** Raised with every change of this file or of contract/display.ts. */
export const AGENT_PROTOCOL_VERSION = 5;

/** One of the byte pipes between guest and host. */
export interface LinkPort {
  /** Name of the virtio-serial port that carries it; the guest finds it at /dev/virtio-ports/NAME. */
  readonly name: string;
  /** The vsock port of the host to which the guest connects where there is no such port; none that needs privilege. */
  readonly vsock: number;
}
export const AGENT_PORT: LinkPort = { name: "vitrine.agent", vsock: 1024 };
export const DISPLAY_PORT: LinkPort = { name: "vitrine.display", vsock: 1025 };

/**
 * A word on the guest kernel's command line: the machine will be saved, and its agent shall first go through a session
 * with itself, so that what a session needs is in memory. It uses nothing that a sandbox has of its own.
 */
export const REHEARSAL_OPTION = "vitrine.rehearse";

/** Most arguments and environment variables of one process; the longest of their strings, in bytes. */
export const MAX_ARGUMENTS = 4096;
export const MAX_STRING_BYTES = 32 * 1024;
/** Most processes started by the host that one sandbox holds at a time. */
export const MAX_PROCESSES = 256;
/** The largest font that a desktop is believed to be set in, in points. */
export const MAX_FONT_POINTS = 96;

const text = z.string().check(z.maxLength(MAX_STRING_BYTES));
const processId = z.int().check(z.minimum(1), z.maximum(0xffffffff));
const rowsOrColumns = z.int().check(z.minimum(1), z.maximum(10_000));
const ipAddress = z.string().check(z.regex(/^[0-9a-f.:]{2,45}$/));
const milliseconds = z.number().check(z.minimum(0));

/** Signals a host may send to a process of the guest. */
export const SIGNALS = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGKILL",
  "SIGUSR1",
  "SIGUSR2",
  "SIGTERM",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGWINCH",
] as const;

/** How a process is connected: not at all, three separate streams, or a terminal of the given size. */
export const stdioSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("null") }),
  z.object({ kind: z.literal("streams") }),
  z.object({ kind: z.literal("terminal"), rows: rowsOrColumns, columns: rowsOrColumns }),
]);
export type Stdio = z.infer<typeof stdioSchema>;

/**
 * An app is started by its desktop entry, which only the guest reads: argv[0] is the entry's name (without ".desktop"), the
 * rest are files and addresses for the app. `action`: one of the entry's actions; null: the app itself.
 */
export const entrySchema = z.object({ action: z.nullable(text) });

/** Names of fonts that are passed on: they are written into files of several forms. */
const FONT_FAMILY = /^[\p{L}\p{N}][\p{L}\p{N} ._+-]{0,63}$/u;

/** A font by its family and its size in points. */
export const fontSchema = z.object({
  family: z.string().check(z.regex(FONT_FAMILY)),
  points: z.number().check(z.minimum(1), z.maximum(MAX_FONT_POINTS)),
});
export type Font = z.infer<typeof fontSchema>;

/** How the user's desktop looks. Null: it says nothing of that font. */
export const looksSchema = z.object({
  dark: z.boolean(),
  fonts: z.object({
    interface: z.nullable(fontSchema),
    document: z.nullable(fontSchema),
    monospace: z.nullable(fontSchema),
  }),
});
export type Looks = z.infer<typeof looksSchema>;
/** Those of a desktop that says nothing. */
export const PLAIN_LOOKS: Looks = { dark: false, fonts: { interface: null, document: null, monospace: null } };

const memorySchema = z.object({ total: z.int().check(z.minimum(0)), available: z.int().check(z.minimum(0)) });

export const agentContract = {
  methods: {
    /**
     * First call. Makes the guest one machine of its own, gives the agent what it needs of the host, and the host the
     * guest's own timings.
     */
    hello: {
      params: z.object({
        version: z.int(),
        /** Random bytes, as hexadecimal digits: another machine may have begun in the very state that this one is in. */
        entropy: z.string().check(z.regex(/^[0-9a-f]{128}$/)),
        /** Host name to set in the guest. */
        hostname: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/)),
        /** What /etc/machine-id of the app root shall say, see machine-id(5). */
        machineId: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
        /** Locales, time zone and cursor of the user, for the guest's processes. */
        environment: z.record(z.string(), text),
        looks: looksSchema,
        /** How window pixels travel: through the arena at /arena, or as bytes on the wayland streams. */
        pixels: z.enum(["arena", "stream"]),
        /** Size of the window arena in bytes (also the address space of buffers when pixels travel as bytes). */
        arenaBytes: z.int().check(z.minimum(0)),
      }),
      result: z.object({
        version: z.int(),
        kernel: z.string().check(z.maxLength(256)),
        /** Milliseconds of guest uptime: when init began, when the agent began, and now. */
        uptime: z.object({ init: milliseconds, agent: milliseconds, now: milliseconds }),
      }),
    },
    /**
     * Sets the guest's wall clock, to milliseconds since 1970. Only of use to an agent that has answered: time passes.
     * `uptime`: milliseconds of guest uptime, now.
     */
    setClock: { params: z.object({ time: milliseconds }), result: z.object({ uptime: milliseconds }) },
    /**
     * Mounts the disk with the user's home, before the first process is spawned. `format`: it was never used. Errors:
     * "unavailable" (no such disk), "corrupt" (damaged beyond mending).
     */
    openHome: { params: z.object({ format: z.boolean() }), result: z.object({}) },
    /** Sets the network card up, before the first process is spawned. Errors: "unavailable" (no card). */
    openNetwork: {
      params: z.object({
        /** The card's addresses: bits of them are the network's, and the gateway leads beyond. */
        addresses: z
          .array(
            z.object({ address: ipAddress, bits: z.int().check(z.minimum(1), z.maximum(128)), gateway: ipAddress }),
          )
          .check(z.maxLength(2)),
        nameServers: z.array(ipAddress).check(z.maxLength(3)),
      }),
      result: z.object({}),
    },
    /** Starts a process in the app root. Errors: "not-found" (no such command), "invalid-argument", "limit". */
    spawn: {
      params: z.object({
        process: processId,
        argv: z.array(text).check(z.minLength(1), z.maxLength(MAX_ARGUMENTS)),
        environment: z.record(z.string(), text),
        /** Absolute path in the app root; the user's home when absent. */
        directory: z.optional(text),
        user: z.enum(["user", "root"]),
        entry: z.optional(entrySchema),
        /** In the agent's own root instead of the apps', as root. */
        inTools: z.optional(z.boolean()),
        stdio: stdioSchema,
      }),
      result: z.object({ pid: z.int() }),
    },
    /** Sends a signal to the process group of a process. */
    signal: { params: z.object({ process: processId, signal: z.enum(SIGNALS) }), result: z.object({}) },
    /** Sets the size of a process's terminal. */
    resize: {
      params: z.object({ process: processId, rows: rowsOrColumns, columns: rowsOrColumns }),
      result: z.object({}),
    },
    /** Memory of the guest in bytes. */
    memory: { params: z.object({}), result: memorySchema },
    /** Lets go of all memory that only makes things faster, and tells what is left. */
    dropCaches: { params: z.object({}), result: memorySchema },
    /** Ends all processes (SIGTERM, then SIGKILL after `grace` milliseconds) and powers the guest off. */
    stop: { params: z.object({ grace: milliseconds }), result: z.object({}) },
  },
  events: {
    /** A process has ended and its output streams have been written out. Exactly one of code and signal is set. */
    exited: z.object({
      process: processId,
      code: z.nullable(z.int()),
      signal: z.nullable(z.string().check(z.maxLength(16))),
    }),
  },
} as const;

/** Headers of the streams that the host opens, on the agent link. */
export const hostStreamHeader = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("rpc") }),
  z.object({ kind: z.literal("stdio"), process: processId, name: z.enum(["stdin", "stdout", "stderr", "terminal"]) }),
]);
export type HostStreamHeader = z.infer<typeof hostStreamHeader>;

/** Headers of the streams that the guest opens, on the display link. */
export const guestStreamHeader = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("wayland"), client: z.int().check(z.minimum(1), z.maximum(0xffffffff)) }),
  z.object({
    kind: z.literal("transfer"),
    client: z.int().check(z.minimum(1), z.maximum(0xffffffff)),
    token: z.int().check(z.minimum(1), z.maximum(0xffffffff)),
    /** Which side chose the token: the guest's carry data to the guest, the host's carry data from it. */
    announcedBy: z.enum(["guest", "host"]),
  }),
]);
