/** Where attacks happen: a compositor, both ways to it, and bystanders on each. */
import { expect } from "bun:test";
import { readdirSync } from "node:fs";
import { sanitizeText } from "../../../src/base/sanitize.ts";
import { encode } from "../../../src/wayland/message-writer.ts";
import { messageByName } from "../../../src/wayland/types.ts";
import { Compositor, type CompositorKind } from "../../support/compositor.ts";
import { eventually } from "../../support/deadline.ts";
import { DisplayLoop } from "../../support/display-loop.ts";
import { VirtualInput } from "../../support/input.ts";
import { LinkRig } from "../../support/link-rig.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import { openWindow, type TestWindow, type WindowOptions } from "../../support/window.ts";
import { type Attack, type Attacker, type Outcome, type Scene, tableOf } from "./attack.ts";

const SCREEN = { width: 1280, height: 800 };
/** Later versions forbid wl_surface.attach with an offset, which some attacks are made of. */
const SURFACE_VERSION = 4;
const SETTLE_DEADLINE_MS = 15_000;
/** Longer than any notice, so that only what is unsafe in one makes a difference. */
const NOTICE_CHARS = 100_000;

export class Stage implements AsyncDisposable {
  readonly compositor: Compositor;
  readonly loop: DisplayLoop;
  readonly rigs: Readonly<Record<"guest" | "stream", LinkRig>>;
  /** On sway alone, which takes it. */
  readonly input: VirtualInput | undefined;
  readonly #bystanders: readonly WaylandClient[];

  private constructor(
    compositor: Compositor,
    loop: DisplayLoop,
    rigs: Stage["rigs"],
    input: VirtualInput | undefined,
    bystanders: readonly WaylandClient[],
  ) {
    this.compositor = compositor;
    this.loop = loop;
    this.rigs = rigs;
    this.input = input;
    this.#bystanders = bystanders;
  }

  static async open(kind: CompositorKind): Promise<Stage> {
    const compositor = await Compositor.start({ kind, ...SCREEN });
    const input = kind === "sway" ? await VirtualInput.create(compositor.socketPath) : undefined;
    const loop = new DisplayLoop(compositor, "arena");
    const rigs = { guest: new LinkRig(compositor, "arena"), stream: new LinkRig(compositor, "stream") };
    const direct = await WaylandClient.connect(compositor.socketPath);
    const app = await WaylandClient.connect(loop.socketPath);
    const { client: guest } = await rigs.guest.connect();
    const { client: stream } = await rigs.stream.connect();
    for (const client of [app, guest, stream])
      await openWindow(client, { width: 100, height: 100, appId: "bystander" });
    return new Stage(compositor, loop, rigs, input, [direct, app, guest, stream]);
  }

  get notices(): readonly string[] {
    return this.#displays.flatMap((display) => display.notices);
  }

  /** How many windows each display counts; a bystander has one on each. */
  get windows(): readonly number[] {
    return this.#displays.map(({ host }) => host.windows);
  }

  get #displays(): readonly (DisplayLoop | LinkRig)[] {
    return [this.loop, this.rigs.guest, this.rigs.stream];
  }

  /** Does what an attack says, and sees that what it expects comes of it and that everyone else lives on. */
  async run(attack: Attack, by: Attacker): Promise<void> {
    for (const { notices } of this.#displays) notices.length = 0;
    try {
      await this.#act(attack, by);
      await this.everyoneLives();
    } catch (error) {
      throw new Error(`"${attack.name}" by ${by}; the display said: ${JSON.stringify(this.notices)}`, { cause: error });
    }
  }

  /** All that was sent before, to anyone, has had time to arrive: the bystanders have asked and been answered. */
  async bystand(): Promise<void> {
    await Promise.all(this.#bystanders.map((client) => client.roundtrip()));
  }

  /** Compositor and bystanders answer, and nothing that was said of it is a defect or holds bytes of a guest. */
  async everyoneLives(): Promise<void> {
    await this.bystand();
    expect(this.notices.filter((notice) => notice.includes("defect"))).toEqual([]);
    expect(this.notices.filter((notice) => sanitizeText(notice, NOTICE_CHARS) !== notice)).toEqual([]);
  }

  /** Waits until the attackers' connections, windows and descriptors are gone. */
  async settled(descriptors: number): Promise<void> {
    const left = () => ({
      clients: this.#displays.map(({ host }) => host.clients),
      connections: this.loop.guest.connections,
      windows: this.windows,
      descriptors: Math.max(0, openDescriptors() - descriptors),
    });
    const nothing = { clients: [1, 1, 1], connections: 1, windows: [1, 1, 1], descriptors: 0 };
    await eventually("waiting for what the attackers left", SETTLE_DEADLINE_MS, () =>
      Bun.deepEquals(left(), nothing) ? true : undefined,
    ).catch(() => expect(left()).toEqual(nothing));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#bystanders) client.close();
    this.input?.close();
    for (const display of this.#displays) display[Symbol.dispose]();
    await this.compositor.stop();
  }

  /** Whether the compositor has what an attack needs: "pointer", "INTERFACE" or "INTERFACE@VERSION". */
  offers(need: string): boolean {
    if (need === "pointer") return this.input !== undefined;
    const [name = "", version = "1"] = need.split("@");
    return this.#bystanders.every((client) => (client.global(name)?.version ?? 0) >= Number(version));
  }

  /** From outside and then to the middle: a pointer that is there already would not be told of a new window. */
  async #pointAt(appId: string): Promise<void> {
    const { x, y, width, height } = (await this.compositor.sway.waitForWindow(appId)).rect;
    await this.input?.moveTo(0, 0, SCREEN.width, SCREEN.height);
    await this.input?.moveTo(x + (width >> 1), y + (height >> 1), SCREEN.width, SCREEN.height);
  }

  async #act(attack: Attack, by: Attacker): Promise<void> {
    using scene = await this.#scene(by);
    await attack.act(scene);
    await this.#expect(attack.expect, scene);
    if (attack.judge === "vitrine") {
      // What the compositor refuses has passed our checks.
      expect(this.notices.filter((notice) => notice.includes("by the compositor"))).toEqual([]);
    }
  }

  async #expect(outcome: Outcome, scene: Scene): Promise<void> {
    switch (outcome.kind) {
      case "error": {
        const { serverError, error } = await scene.client.ended();
        if (serverError === undefined) throw error;
        expect({ on: serverError.interface, code: serverError.code }).toEqual({ on: outcome.on, code: outcome.code });
        return;
      }
      case "cut off":
        await scene.client.ended();
        return;
      case "ignored":
        await scene.client.roundtrip();
        return;
      case "clipped":
        await scene.client.roundtrip();
        await outcome.check(scene);
        return;
      case "notice":
        await eventually(`waiting for a notice ${outcome.text}`, SETTLE_DEADLINE_MS, () =>
          this.notices.some((text) => outcome.text.test(text)) ? true : undefined,
        );
        return;
      default:
        outcome satisfies never;
    }
  }

  async #scene(by: Attacker): Promise<Scene & Disposable> {
    const rig = this.rigs[by === "app" ? "guest" : by];
    const { client, number } =
      by === "app" ? { client: await WaylandClient.connect(this.loop.socketPath), number: 0 } : await rig.connect();
    const kept = new DisposableStack();
    kept.use(client);
    const bind = (name: string, version?: number) => client.bind(tableOf(name), version);
    const surface = () => client.create(bind("wl_compositor", SURFACE_VERSION), "create_surface", []);
    return {
      stage: this,
      by,
      client,
      number,
      rig,
      keep: (thing) => kept.use(thing),
      bind,
      surface,
      newId: (name) => client.newObject(tableOf(name), 1).id,
      toplevel: (): TestWindow => {
        const made = surface();
        const xdgSurface = client.create(bind("xdg_wm_base"), "get_xdg_surface", [made]);
        return { surface: made, xdgSurface, toplevel: client.create(xdgSurface, "get_toplevel", []) };
      },
      window: (options: Partial<WindowOptions> = {}) =>
        openWindow(client, { width: 64, height: 64, appId: "attacker", ...options }),
      pointAt: (appId) => this.#pointAt(appId),
      send: (id, interfaceName, name, args) => {
        const { opcode, message } = messageByName(tableOf(interfaceName), "requests", name);
        client.sendRaw(encode(id, opcode, message, args));
      },
      raw: (words, bytes = new Uint8Array(0)) => {
        client.sendRaw(Buffer.concat([new Uint8Array(new Uint32Array(words).buffer), bytes]));
      },
      link: (name, args) => {
        if (client.link === undefined) throw new TypeError("only a guest half has the link");
        client.request(client.link, name, args);
      },
      [Symbol.dispose]: () => kept.dispose(),
    };
  }
}

export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
