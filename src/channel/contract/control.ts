/**
 * What the command line (and later the store) says to the supervisor of a sandbox, over its control socket.
 *
 * 1. The socket carries one mux; the command line is its "client" side. Only the user who owns the sandbox can reach it.
 * 2. The caller opens the {kind: "rpc"} stream first.
 * 3. For a process with stdio the caller picks a number of its own for this connection, opens the {kind: "stdio"}
 *    streams, then calls `launch`. The supervisor joins them to the streams of the guest.
 * 4. A process with stdio gets SIGHUP when the connection that launched it is lost; one without lives on, and what it
 *    prints goes to the sandbox's log.
 * 5. Output may still be on its way when `exited` comes: the streams say when they are at their end.
 * 6. A {kind: "trace"} stream shows the Wayland messages of apps (contract/trace.ts) for as long as it is open.
 * 7. The last thing a supervisor says is `ended`, then it closes the connection.
 */
import * as z from "zod/mini";
import { entrySchema, MAX_ARGUMENTS, MAX_STRING_BYTES, SIGNALS, stdioSchema } from "./agent.ts";
import { traceOptionsSchema } from "./trace.ts";

/** Raised with every change of this file. */
export const CONTROL_PROTOCOL_VERSION = 4;

/** Longest activation token of a launcher; those of desktops have some dozens of characters. */
export const MAX_ACTIVATION_TOKEN_CHARS = 1024;

/** What a process can be joined to, by the side of the process. */
export const STDIO_NAMES = ["stdin", "stdout", "stderr", "terminal"] as const;
export type StdioName = (typeof STDIO_NAMES)[number];

const text = z.string().check(z.maxLength(MAX_STRING_BYTES));
const processId = z.int().check(z.minimum(1), z.maximum(0xffffffff));
const activationToken = z.string().check(z.minLength(1), z.maxLength(MAX_ACTIVATION_TOKEN_CHARS));
const epochMilliseconds = z.number();

/**
 * The steps of a start that `--timings` reports, in order: the monitor obeys, the kernel has handed over to init, the agent
 * answers, the app's process runs, its first window has content. A machine from a snapshot has no kernel phase.
 */
export const PHASES = ["vmm", "kernel", "agent", "spawn", "firstFrame"] as const;
export type Phase = (typeof PHASES)[number];

export const controlContract = {
  methods: {
    /** The sandbox as it is now, or once the agent has answered: who has just started it waits here. */
    info: {
      params: z.object({ waitUntilReady: z.boolean() }),
      result: z.object({
        version: z.int(),
        name: z.string(),
        image: z.string(),
        /**
         * "preparing", "ready": an app is being started in it, or waits in it with its processors stopped, until somebody
         * adopts it.
         */
        state: z.enum(["starting", "preparing", "ready", "running", "stopping"]),
        driver: z.string(),
        /** "kvm", or "tcg" for software emulation; null until the monitor runs. */
        accelerator: z.nullable(z.string()),
        /** False: the monitor runs without walls, because the user said so. */
        confined: z.boolean(),
        /** How the machine came to run: its kernel was booted, or it went on from a snapshot. Null until the agent answers. */
        start: z.nullable(z.enum(["cold", "restored"])),
        /** False: it was started without a compositor, and its apps find no display. */
        display: z.boolean(),
        sharedMemory: z.boolean(),
        /** What the guest may reach, as people write it; null: it has no network card. */
        network: z.nullable(z.string()),
        supervisorPid: z.int(),
        /** Null until the monitor runs. */
        monitorPid: z.nullable(z.int()),
        /** The process that shows its windows; null when it has none, or does not run yet. */
        displayPid: z.nullable(z.int()),
        startedAt: epochMilliseconds,
        /** Bytes; null until the guest answered. */
        guestMemory: z.nullable(z.object({ total: z.int(), available: z.int() })),
        processes: z.array(z.object({ process: processId, command: z.string(), startedAt: epochMilliseconds })),
        windows: z.int(),
        /** When each phase of the start was reached, milliseconds since 1970. */
        phases: z.partialRecord(z.enum(PHASES), epochMilliseconds),
      }),
    },
    launch: {
      params: z.object({
        process: processId,
        argv: z.array(text).check(z.minLength(1), z.maxLength(MAX_ARGUMENTS)),
        environment: z.record(z.string(), text),
        directory: z.optional(text),
        user: z.enum(["user", "root"]),
        entry: z.optional(entrySchema),
        /** What the caller's own launcher gave it for the window to come (xdg-activation). */
        activationToken: z.optional(activationToken),
        stdio: stdioSchema,
      }),
      result: z.object({ pid: z.int() }),
    },
    /**
     * Takes over the app of a ready machine, whose windows come to the user's compositor, and the sandbox with it. The first
     * one gets it. The process has streams, which hold what it has printed so far. Errors: "not-found" (nothing is ready here
     * under that key), "unavailable" (somebody else has it).
     */
    adopt: {
      params: z.object({ process: processId, key: text, activationToken: z.optional(activationToken) }),
      result: z.object({ pid: z.int() }),
    },
    signal: { params: z.object({ process: processId, signal: z.enum(SIGNALS) }), result: z.object({}) },
    resize: {
      params: z.object({ process: processId, rows: z.int().check(z.minimum(1)), columns: z.int().check(z.minimum(1)) }),
      result: z.object({}),
    },
    /**
     * Reads the sandbox's policy files again and puts them in force for what runs. `ended`: app connections that used an
     * interface which is denied now. `broken`: why everything is denied; null when nothing is wrong.
     */
    applyPolicy: {
      params: z.object({}),
      result: z.object({ ended: z.int(), broken: z.nullable(z.string()) }),
    },
    /** Sets what the guest may reach, for connections that there are too. Error: "unavailable" (no network card). */
    setNetwork: { params: z.object({ policy: text }), result: z.object({}) },
    /** Stops the sandbox; answers when the virtual machine has ended. */
    stop: { params: z.object({ force: z.boolean() }), result: z.object({}) },
  },
  events: {
    exited: z.object({ process: processId, code: z.nullable(z.int()), signal: z.nullable(z.string()) }),
    /** A phase was reached. "firstFrame" comes for every window that gets its first content. */
    phase: z.object({ phase: z.enum(PHASES), at: epochMilliseconds }),
    /** Something a user should know: the compositor went away, an app was disconnected, ... */
    notice: z.object({ severity: z.enum(["info", "warning", "error"]), message: z.string() }),
    /** The sandbox is over. `failure`: nobody wanted that. */
    ended: z.object({ message: z.string(), failure: z.boolean() }),
  },
} as const;

/** Headers of the streams the command line opens. */
export const controlStreamHeader = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("rpc") }),
  z.object({ kind: z.literal("stdio"), process: processId, name: z.enum(STDIO_NAMES) }),
  z.object({ kind: z.literal("trace"), options: traceOptionsSchema }),
]);
export type ControlStreamHeader = z.infer<typeof controlStreamHeader>;

export type AppliedPolicy = z.infer<(typeof controlContract)["methods"]["applyPolicy"]["result"]>;
export type SandboxInfo = z.infer<(typeof controlContract)["methods"]["info"]["result"]>;
export type AdoptRequest = z.infer<(typeof controlContract)["methods"]["adopt"]["params"]>;
export type LaunchRequest = z.infer<(typeof controlContract)["methods"]["launch"]["params"]>;
export type Signal = (typeof SIGNALS)[number];
/** How a process ended: exactly one is not null. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}
