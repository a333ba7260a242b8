/**
 * sway's control interface, sway-ipc(7): over a Unix socket, each message is the word "i3-ipc", the length of its body
 * and its type (32 bits each, little endian here), then the body as JSON. A reply has the type of its request; an event
 * has the highest bit of its type set.
 */
import { createConnection, type Socket } from "node:net";
import { VitrineError } from "../../src/base/error.ts";
import { DEFAULT_DEADLINE_MS, withDeadline } from "./deadline.ts";

const MAGIC = "i3-ipc";
const HEADER_BYTES = MAGIC.length + 8;
const RUN_COMMAND = 0;
const SUBSCRIBE = 2;
const GET_TREE = 4;
const REPLY_DEADLINE_MS = 5000;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A part of sway's answer to GET_TREE. */
export interface SwayNode {
  readonly id: number;
  readonly type: string;
  readonly name: string | null;
  /** Only windows have the next two. */
  readonly app_id?: string | null;
  readonly pid?: number;
  readonly focused: boolean;
  readonly visible?: boolean;
  /** Place on the screen in logical pixels, borders included. */
  readonly rect: Rectangle;
  /** What the client says its window is, within its surface. */
  readonly geometry: Rectangle;
  readonly fullscreen_mode?: number;
  /** Keeps the screen on. */
  readonly inhibit_idle?: boolean;
  readonly nodes: readonly SwayNode[];
  readonly floating_nodes: readonly SwayNode[];
}

export class Sway {
  readonly #path: string;

  /** `path` is the socket that sway listens at. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Runs commands of sway(5). Throws VitrineError "io" when sway refuses one. */
  async command(text: string): Promise<void> {
    const results = (await this.#ask(RUN_COMMAND, text)) as { success: boolean; error?: string }[];
    const refused = results.find((result) => !result.success);
    if (refused !== undefined) throw new VitrineError("io", `the sway command "${text}" failed: ${refused.error}`);
  }

  async tree(): Promise<SwayNode> {
    return (await this.#ask(GET_TREE, "")) as SwayNode;
  }

  async windows(): Promise<SwayNode[]> {
    return windowsOf(await this.tree());
  }

  /** Waits for what `find` sees among the windows, looking again whenever sway reports a change. */
  async waitFor<T>(
    what: string,
    find: (windows: readonly SwayNode[]) => T | undefined,
    deadlineMs = DEFAULT_DEADLINE_MS,
  ): Promise<T> {
    return await withDeadline<T>(`waiting for ${what}`, deadlineMs, (resolve, reject) => {
      // One question at a time: sway takes few connections at once.
      let state: "idle" | "looking" | "look again" = "idle";
      const look = (): void => {
        if (state !== "idle") {
          state = "look again";
          return;
        }
        state = "looking";
        this.windows().then((windows) => {
          const found = find(windows);
          if (found !== undefined) {
            socket.destroy();
            resolve(found);
            return;
          }
          const isStale = state === "look again";
          state = "idle";
          if (isStale) look();
        }, reject);
      };
      // The reply says that the subscription stands: nothing is missed from then on.
      const socket = this.#connect(SUBSCRIBE, '["window"]', look, reject);
      return () => socket.destroy();
    });
  }

  /** Waits for the window of that app id, or for which `matches` holds. */
  waitForWindow(matches: string | ((window: SwayNode) => boolean), deadlineMs?: number): Promise<SwayNode> {
    const test = typeof matches === "string" ? (window: SwayNode) => window.app_id === matches : matches;
    return this.waitFor(`the window "${matches}"`, (windows) => windows.find(test), deadlineMs);
  }

  #ask(type: number, body: string): Promise<unknown> {
    return withDeadline<unknown>(`asking sway "${body}"`, REPLY_DEADLINE_MS, (resolve, reject) => {
      const answered = (reply: unknown): void => {
        socket.destroy();
        resolve(reply);
      };
      const socket = this.#connect(type, body, answered, reject);
      return () => socket.destroy();
    });
  }

  /** Sends one message; `onMessage` is called for the reply and for every event. */
  #connect(type: number, body: string, onMessage: (reply: unknown) => void, onError: (error: unknown) => void): Socket {
    const socket = createConnection(this.#path);
    let received = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + received.readUInt32LE(MAGIC.length);
        if (received.length < end) return;
        const text = received.toString("utf8", HEADER_BYTES, end);
        received = received.subarray(end);
        onMessage(JSON.parse(text));
      }
    });
    socket.on("error", onError);
    socket.on("end", () => onError(new VitrineError("io", "sway has closed its socket")));
    const bytes = Buffer.from(body);
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC);
    header.writeUInt32LE(bytes.length, MAGIC.length);
    header.writeUInt32LE(type, MAGIC.length + 4);
    socket.write(Buffer.concat([header, bytes]));
    return socket;
  }
}

function windowsOf(node: SwayNode): SwayNode[] {
  const below = [...node.nodes, ...node.floating_nodes].flatMap(windowsOf);
  return node.pid === undefined ? below : [node, ...below];
}
