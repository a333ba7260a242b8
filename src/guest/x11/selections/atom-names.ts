/** Atoms of data types by name, and names by atom: asked once, then known. */
import { getAtomName, internAtom } from "../protocol/requests.ts";
import type { XConnection } from "../protocol/x-connection.ts";

/** Names that are remembered; programs have some dozens between them. With more, all are asked for anew. */
export const MAX_KNOWN_ATOM_NAMES = 4096;

export class AtomNames {
  readonly #x: XConnection;
  readonly #names = new Map<number, string>();
  readonly #atoms = new Map<string, number>();

  constructor(x: XConnection) {
    this.#x = x;
  }

  /** "" for one that does not exist. */
  nameOf(atom: number, done: (name: string) => void): void {
    const known = this.#names.get(atom);
    if (known !== undefined) return done(known);
    this.#x.ask(getAtomName, { atom }, (reply) => {
      const bytes = reply?.tail.subarray(0, reply.fields.nameLength) ?? new Uint8Array(0);
      const name = Buffer.from(bytes).toString("latin1");
      if (reply !== undefined) this.#remember(atom, name);
      done(name);
    });
  }

  /** The names of all, in their order. */
  namesOf(atoms: readonly number[], done: (names: string[]) => void): void {
    this.#all(atoms, (atom, next) => this.nameOf(atom, next), done);
  }

  /** The atoms of all names, in their order; they are made where there are none. */
  atomsOf(names: readonly string[], done: (atoms: number[]) => void): void {
    this.#all(names, (name, next) => this.#atomOf(name, next), done);
  }

  #atomOf(name: string, done: (atom: number) => void): void {
    const known = this.#atoms.get(name);
    if (known !== undefined) return done(known);
    const text = Buffer.from(name, "latin1");
    const answer = (atom: number) => {
      this.#remember(atom, name);
      done(atom);
    };
    this.#x.ask(
      internAtom,
      { onlyIfExists: 0, nameLength: text.length },
      (reply) => answer(reply?.fields.atom ?? 0),
      text,
    );
  }

  #all<Q, A>(
    questions: readonly Q[],
    ask: (question: Q, next: (answer: A) => void) => void,
    done: (all: A[]) => void,
  ): void {
    const answers: A[] = [];
    let open = questions.length;
    if (open === 0) return done([]);
    for (const [index, question] of questions.entries())
      ask(question, (answer) => {
        answers[index] = answer;
        open -= 1;
        if (open === 0) done(answers);
      });
  }

  #remember(atom: number, name: string): void {
    if (this.#names.size >= MAX_KNOWN_ATOM_NAMES) {
      this.#names.clear();
      this.#atoms.clear();
    }
    this.#names.set(atom, name);
    this.#atoms.set(name, atom);
  }
}
