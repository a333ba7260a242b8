/** One selection (clipboard or primary), owned by an X program or by somebody beyond the display, and told to the other. */
import { type OwnedFd, setNonBlocking } from "../../../sys/fd.ts";
import { pipe } from "../../../sys/process.ts";
import {
  changeProperty,
  convertSelection,
  destroyWindow,
  getProperty,
  setSelectionOwner,
  words,
} from "../protocol/requests.ts";
import { ATOM, type AtomName } from "../windows/atoms.ts";
import type { Desk } from "../windows/desk.ts";
import { createOwnWindow } from "../windows/ewmh.ts";
import { numbers } from "../windows/properties.ts";
import type { AtomNames } from "./atom-names.ts";
import { type Kind, type Offer, SelectionDevice } from "./device.ts";
import { answer, GiveTransfer, type SelectionRequest } from "./give.ts";
import { MAX_X_TRANSFERS } from "./limits.ts";
import { TakeTransfer } from "./take.ts";
import { isLatin1, MAX_SELECTION_TYPES, targetFor, targetsOfTypes, typeFor, typesOfTargets } from "./types.ts";

const CURRENT_TIME = 0;
const NONE = 0;
const REPLACE = 0;
const PROPERTY_DELETED = 1;
const INTEGER = 19;

export interface SelectionOptions {
  readonly desk: Desk;
  readonly names: AtomNames;
  readonly atom: AtomName;
  readonly kind: Kind;
  /** The window that owns it among X programs when somebody beyond the display does. */
  readonly window: number;
}

export class Selection {
  readonly #options: SelectionOptions;
  readonly #gives = new Set<GiveTransfer>();
  readonly #takes = new Set<TakeTransfer>();
  /** By the window in whose property it comes: who waits for an answer about targets. */
  readonly #questions = new Map<number, (property: number) => void>();
  #device: SelectionDevice | undefined;
  /** What the display offers. */
  #offer: Offer | undefined;
  /** What the X program that owns it has, and since when: answers about another owner do not count. */
  #targets: readonly string[] = [];
  #ownership = 0;
  /** When we have become its owner, by the server's clock; undefined: we are not. */
  #oursSince: number | undefined;
  /** The display has not been told: no surface of ours had the keyboard. */
  #isUntold = false;

  constructor(options: SelectionOptions) {
    this.#options = options;
    this.#open();
  }

  get atom(): number {
    return this.#options.desk.atoms[this.#options.atom];
  }

  /** A surface of ours has the keyboard: only then does the display listen. */
  focused(): void {
    this.#open();
    if (this.#isUntold) this.#tell();
  }

  /** A window owns it since `time`, or none does (0). */
  ownerChanged(owner: number, time: number): void {
    const { window, desk } = this.#options;
    this.#ownership += 1;
    this.#isUntold = false;
    this.#oursSince = owner === window ? time : undefined;
    if (owner === window) return;
    this.#targets = [];
    if (owner === NONE) {
      this.#device?.withdraw();
      return;
    }
    const ownership = this.#ownership;
    this.#askTargets((targets) => {
      if (ownership !== this.#ownership) return;
      this.#targets = targets;
      this.#isUntold = true;
      if (desk.hasKeyboard) this.#tell();
    });
  }

  /** An X program asks for what the display offers. */
  requested(request: SelectionRequest): void {
    const { desk, names } = this.#options;
    const { target } = request;
    // Programs of old leave it to the owner.
    const property = request.property === NONE ? target : request.property;
    const asked = { ...request, property };
    const types = this.#offer?.types ?? [];
    if (this.#offer === undefined) answer(desk.x, asked, NONE);
    else if (target === desk.atoms.TARGETS) this.#answerTargets(asked, types);
    else if (target === desk.atoms.TIMESTAMP) this.#answerWords(asked, INTEGER, [CURRENT_TIME]);
    else names.nameOf(target, (name) => this.#give(asked, name, typeFor(name, types)));
  }

  /** A property of some window has changed or is gone. */
  propertyChanged(window: number, property: number, state: number): void {
    if (state === PROPERTY_DELETED) {
      for (const give of [...this.#gives]) if (give.isAbout(window, property)) give.taken();
    } else {
      for (const take of [...this.#takes]) if (take.window === window) take.changed();
    }
  }

  /** An owner has answered a question of ours. */
  notified(requestor: number, property: number): void {
    for (const take of [...this.#takes]) if (take.window === requestor) take.answered(property);
    this.#questions.get(requestor)?.(property);
    this.#questions.delete(requestor);
  }

  close(): void {
    for (const transfer of [...this.#gives, ...this.#takes]) transfer.close();
  }

  #open(): void {
    const { desk, kind } = this.#options;
    this.#device ??= SelectionDevice.open(desk.proxy, kind, {
      offered: (offer) => this.#offered(offer),
      wanted: (type, fd) => this.#take(type, fd),
    });
  }

  /** Asks the owner what it has. One that never answers is not asked again. */
  #askTargets(done: (targets: readonly string[]) => void): void {
    const { desk, names } = this.#options;
    const { x, atoms } = desk;
    if (this.#questions.size >= MAX_X_TRANSFERS) return;
    const window = createOwnWindow(desk);
    const property = atoms._VITRINE_SELECTION;
    x.send(convertSelection, { requestor: window, selection: this.atom, target: atoms.TARGETS, property, time: 0 });
    this.#questions.set(window, (answered) => {
      const question = { delete: 1, window, property, type: ATOM, offset: 0, length: MAX_SELECTION_TYPES };
      if (answered !== NONE)
        x.ask(getProperty, question, (reply) => {
          const value = reply && { type: ATOM, format: reply.fields.format, bytes: reply.tail };
          names.namesOf(numbers(value).slice(0, reply?.fields.count), done);
        });
      x.send(destroyWindow, { window });
    });
  }

  #offered(offer: Offer | undefined): void {
    const { desk, window } = this.#options;
    this.#offer = offer;
    const selection = this.atom;
    if (offer !== undefined) desk.x.send(setSelectionOwner, { owner: window, selection, time: CURRENT_TIME });
    // A program that has become the owner since, of which we have not heard, stays it: the time says so.
    else if (this.#oursSince !== undefined)
      desk.x.send(setSelectionOwner, { owner: NONE, selection, time: this.#oursSince });
  }

  #tell(): void {
    if (this.#device === undefined) return;
    this.#isUntold = false;
    const types = typesOfTargets(this.#targets);
    if (types.length > 0) this.#device.offer(types);
  }

  #answerTargets(request: SelectionRequest, types: readonly string[]): void {
    const { atoms } = this.#options.desk;
    const targets = targetsOfTypes(types);
    this.#options.names.atomsOf(targets, (numbers) =>
      this.#answerWords(request, ATOM, [atoms.TARGETS, atoms.TIMESTAMP, ...numbers]),
    );
  }

  #answerWords(request: SelectionRequest, type: number, values: readonly number[]): void {
    const { x } = this.#options.desk;
    const { requestor: window, property } = request;
    const fields = { mode: REPLACE, window, property, type, format: 32, count: values.length };
    x.send(changeProperty, fields, words(...values));
    answer(x, request, property);
  }

  #give(request: SelectionRequest, target: string, type: string | undefined): void {
    const { x, atoms } = this.#options.desk;
    const offer = this.#offer;
    if (offer === undefined || type === undefined || this.#gives.size >= MAX_X_TRANSFERS) {
      answer(x, request, NONE);
      return;
    }
    const [readEnd, writeEnd] = pipe();
    // Whoever writes may be a program that knows nothing of ends that are full.
    setNonBlocking(writeEnd, false);
    this.#device?.receive(offer, type, writeEnd);
    const give = new GiveTransfer(x, atoms, request, {
      type: target === "TEXT" ? atoms.UTF8_STRING : request.target,
      from: readEnd,
      latin1: isLatin1(target),
      ended: () => this.#gives.delete(give),
    });
    this.#gives.add(give);
  }

  #take(type: string, fd: OwnedFd): void {
    const { desk, names } = this.#options;
    const target = targetFor(type, this.#targets);
    if (target === undefined || this.#takes.size >= MAX_X_TRANSFERS) return fd.close();
    names.atomsOf([target], ([number = NONE]) => {
      const what = { selection: this.atom, target: number, latin1: isLatin1(target) };
      const take = new TakeTransfer(desk, what, fd, () => this.#takes.delete(take));
      this.#takes.add(take);
    });
  }
}
