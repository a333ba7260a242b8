/** What a fuzzing client knows of its connection: objects of both sides, globals, serials that it was given. */
import { relayRegistry } from "../../src/host/display/allow-list.ts";
import { allInterfaces } from "../../src/wayland/generated/all.ts";
import { wl_display, wl_registry } from "../../src/wayland/generated/wayland.ts";
import type { InterfaceTable } from "../../src/wayland/types.ts";
import type { Reference, SerialKind } from "./operation.ts";

const MAX_SERIALS = 16;
export const REGISTRY_ID = 2;

/** Every interface by its name, those first that a guest may hold objects of. */
export function tableOf(name: string): InterfaceTable | undefined {
  return relayRegistry.byInterface.get(name)?.table ?? allInterfaces.get(name);
}

export interface FuzzObject {
  readonly id: number;
  readonly table: InterfaceTable;
  readonly version: number;
  alive: boolean;
  /** Serial of its last configure event. */
  configured: number | undefined;
}

export interface FuzzGlobal {
  readonly name: number;
  readonly interface: string;
  readonly version: number;
}

export class Model {
  readonly globals: FuzzGlobal[] = [];
  readonly inputSerials: number[] = [];
  /** Buffers and transfers of the link are numbered by the guest half. */
  lastBuffer = 0;
  lastToken = 0;
  readonly #byId = new Map<number, FuzzObject>();
  readonly #objects: FuzzObject[] = [];
  #nextId = 3;

  constructor() {
    this.#add({ id: 1, table: wl_display, version: 1, alive: true, configured: undefined });
    this.#add({ id: REGISTRY_ID, table: wl_registry, version: 1, alive: true, configured: undefined });
  }

  /** The object last known under an id, alive or dead. */
  byId(id: number): FuzzObject | undefined {
    return this.#byId.get(id);
  }

  global(interfaceName: string): FuzzGlobal | undefined {
    return this.globals.find((global) => global.interface === interfaceName);
  }

  live(interfaceName: string): readonly FuzzObject[] {
    return this.#objects.filter((object) => object.alive && object.table.name === interfaceName);
  }

  /** Interfaces of which there are live objects. */
  get interfaces(): string[] {
    return [...new Set(this.#objects.filter((object) => object.alive).map((object) => object.table.name))];
  }

  resolve(reference: Reference): FuzzObject | undefined {
    if ("id" in reference) return this.#byId.get(reference.id);
    const candidates =
      "of" in reference
        ? this.live(reference.of)
        : this.#objects.filter((object) => "any" in reference || !object.alive);
    const pick = "of" in reference ? reference.pick : "dead" in reference ? reference.dead : reference.any;
    // From the end when negative: -1 is the one made last.
    return pick < 0 ? candidates.at(Math.max(pick, -candidates.length)) : candidates[pick % candidates.length];
  }

  /** Notes an object that the client makes; returns its id. */
  make(interfaceName: string, version: number, id = this.#nextId++): number {
    const table = tableOf(interfaceName);
    if (table !== undefined) this.#add({ id, table, version, alive: true, configured: undefined });
    return id;
  }

  /** Notes an object that the server has made. */
  madeByServer(id: number, interfaceName: string, version: number): void {
    const before = this.#byId.get(id);
    if (before !== undefined) before.alive = false;
    this.make(interfaceName, version, id);
  }

  serial(kind: SerialKind, object: FuzzObject | undefined): number {
    if (kind === "configure") return object?.configured ?? 0;
    return kind === "input" ? (this.inputSerials.at(-1) ?? 0) : 0xdead_beef;
  }

  noteInput(serial: number): void {
    this.inputSerials.push(serial);
    if (this.inputSerials.length > MAX_SERIALS) this.inputSerials.shift();
  }

  #add(object: FuzzObject): void {
    this.#byId.set(object.id, object);
    this.#objects.push(object);
  }
}
