/** Makes up a session, operation by operation, from a seed: mostly what a real app would do, in an order that none has. */
import { LINK_INTERFACE } from "../../src/channel/contract/display.ts";
import { argumentsOf, requestsOf } from "./grammar.ts";
import { type Model, tableOf } from "./model.ts";
import type { Argument, Operation, Spoil } from "./operation.ts";
import { plan, type Way } from "./plans.ts";
import { Random } from "./random.ts";

const MAX_OPERATIONS = 120;
/** What fits into one message. */
const MAX_PIXEL_BYTES = 60_000;
/** Globals without which nothing can be shown. */
const ESSENTIAL = [
  "wl_compositor",
  "wl_shm",
  "wl_subcompositor",
  "xdg_wm_base",
  "wl_seat",
  "wl_data_device_manager",
  "wp_viewporter",
];
const INPUTS = ["move", "click", "press", "release", "key", "scroll"] as const;

export class Generator {
  readonly #random: Random;
  readonly #way: Way;
  /** Half of the sessions keep to the letter, if not to the sense; the others are soon cut off for a lie. */
  readonly #lies: boolean;
  readonly #without: ReadonlySet<string>;
  readonly #planned: Operation[] = [];
  #left: number;
  #bound = 0;

  /** `without`: requests that are never made, as "interface.request". */
  constructor(seed: number, way: Way, without: ReadonlySet<string> = new Set()) {
    this.#random = new Random(seed);
    this.#way = way;
    this.#without = without;
    this.#lies = this.#random.chance(0.5);
    this.#left = this.#random.between(10, MAX_OPERATIONS);
  }

  /** The next operation; undefined at the end of the session. */
  next(model: Model): Operation | undefined {
    const operation = this.#next(model);
    if (operation?.do !== "request" || !("of" in operation.on)) return operation;
    return this.#without.has(`${operation.on.of}.${operation.name}`) ? { do: "sync" } : operation;
  }

  #next(model: Model): Operation | undefined {
    this.#left -= 1;
    if (this.#left < 0) return undefined;
    const random = this.#random;
    if (this.#bound < ESSENTIAL.length) return this.#bind(model, ESSENTIAL[this.#bound++] ?? "");
    if (this.#planned.length === 0 && random.chance(0.25)) {
      model.lastBuffer += 1;
      this.#planned.push(...plan(random, this.#way, model.lastBuffer));
    }
    if (this.#planned.length > 0 && random.chance(0.85)) {
      const planned = this.#planned.shift();
      if (planned !== undefined && !random.chance(0.03)) return planned;
    }
    return this.#anything(model);
  }

  #anything(model: Model): Operation {
    const random = this.#random;
    const kind = random.weighted({
      request: 20,
      bind: 2,
      sync: 1,
      input: 1,
      link: this.#way === "app" ? 0 : 4,
      bytes: this.#lies ? 0.05 : 0,
    });
    switch (kind) {
      case "request":
        return this.#request(model) ?? { do: "sync" };
      case "bind":
        return this.#bind(model, random.pick(model.globals)?.interface ?? "wl_compositor");
      case "link":
        return this.#link(model);
      case "sync":
        return { do: "sync" };
      case "input":
        return { do: "input", what: random.pick(INPUTS), at: random.below(1000) };
      case "bytes":
        return { do: "bytes", hex: Array.from({ length: 8 * random.between(1, 8) }, () => this.#byte()).join("") };
      default:
        return kind satisfies never;
    }
  }

  #request(model: Model): Operation | undefined {
    const random = this.#random;
    const of = random.pick(model.interfaces) ?? "wl_display";
    const pick = random.below(100);
    const object = model.resolve({ of, pick });
    // A registry that is asked to bind at random would end most sessions at once.
    const requests = requestsOf(of, object?.version ?? 1);
    const names = Object.keys(requests);
    if (names.length === 0 || of === "wl_registry" || object === undefined) return undefined;
    const name = random.weighted(requests);
    const message = tableOf(of)?.requests.find((request) => request.name === name);
    const args = message === undefined ? undefined : argumentsOf(message, model, random, this.#lies);
    if (args === undefined) return undefined;
    const on = this.#lies && random.chance(0.01) ? { dead: random.below(100) } : { of, pick };
    const spoilt = this.#spoil();
    return { do: "request", on, name, args, ...(spoilt === undefined ? {} : { spoilt }) };
  }

  #bind(model: Model, interfaceName: string): Operation {
    const random = this.#random;
    const global = model.global(interfaceName);
    const wrong = this.#lies && random.chance(0.02);
    const name: Argument = wrong ? random.word() : { nameOf: interfaceName };
    const most = Math.min(global?.version ?? 1, tableOf(interfaceName)?.version ?? 1);
    const version = wrong ? random.word() : random.chance(0.8) ? most : random.between(1, most);
    return {
      do: "request",
      on: { of: "wl_registry", pick: 0 },
      name: "bind",
      args: [name, { make: interfaceName, version }],
    };
  }

  #link(model: Model): Operation {
    const random = this.#random;
    const known = () => (random.chance(0.9) ? random.between(1, Math.max(1, model.lastBuffer)) : random.word());
    const size = () => (random.chance(0.9) ? random.between(1, 200) : random.word());
    const width = Math.abs(size());
    const stride = random.chance(0.9) ? width * 4 : random.word();
    const messages: Readonly<Record<string, () => Argument[]>> = {
      buffer_create: () => [
        random.chance(0.9) ? ++model.lastBuffer : known(),
        size(),
        width,
        size(),
        stride,
        random.below(2),
      ],
      buffer_destroy: () => [known()],
      pixels: () => [
        size() * 4,
        stride,
        width * 4,
        { bytes: Math.min(width * 4 * random.between(0, 3), MAX_PIXEL_BYTES) },
      ],
      attach: () => [
        { of: "wl_surface", pick: random.below(100) },
        known(),
        random.between(-3, 3),
        random.between(-3, 3),
      ],
      transfer: () => [random.chance(0.9) ? ++model.lastToken : random.word()],
    };
    // Where the guest maps the arena, pixels that come as bytes end the connection.
    const usable = LINK_INTERFACE.requests.filter(
      ({ name }) => name !== "pixels" || this.#way === "stream" || this.#lies,
    );
    const message = random.pick(usable);
    if (message === undefined) return { do: "sync" };
    const { name } = message;
    const args = messages[name]?.() ?? argumentsOf(message, model, random, this.#lies) ?? [];
    const spoilt = this.#spoil();
    return { do: "link", name, args, ...(spoilt === undefined ? {} : { spoilt }) };
  }

  #spoil(): Spoil | undefined {
    const random = this.#random;
    if (!this.#lies || !random.chance(0.01)) return undefined;
    const kind = random.pick(["cut", "grow", "size", "opcode", "word"] as const);
    switch (kind) {
      case "cut":
      case "grow":
        return { spoil: kind, words: random.between(1, 3) };
      case "size":
      case "opcode":
        return { spoil: kind, value: random.chance(0.7) ? random.below(64) : random.word() };
      case "word":
        return { spoil: kind, at: random.below(8), value: random.word() };
      default:
        return kind satisfies never;
    }
  }

  #byte(): string {
    return this.#random.below(256).toString(16).padStart(2, "0");
  }
}
