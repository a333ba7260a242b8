/** The addresses of the names that a policy lists, as the answers to the guest's own questions have told them. */
import type { Address } from "./address.ts";
import { type Answer, type Question, RECORD_TYPE } from "./dns.ts";
import type { HostRule } from "./policy.ts";

/** Questions of a guest that wait for an answer; older ones are forgotten. */
export const MAX_PENDING_QUESTIONS = 256;
/** Addresses known by name; those that have not been used for longest are forgotten. */
export const MAX_LEARNED_ADDRESSES = 4096;
/** How long at least an address may be used after it was told or used, in milliseconds: programs keep connections. */
export const LEARNED_AGE_MS = 3_600_000;

type NameRule = HostRule & { kind: "name" };

interface Learned {
  /** Undefined: all. */
  ports: Set<number> | undefined;
  until: number;
}

export class LearnedHosts {
  readonly #rules: readonly NameRule[];
  readonly #pending = new Map<string, readonly NameRule[]>();
  readonly #addresses = new Map<Address, Learned>();

  constructor(rules: readonly HostRule[]) {
    this.#rules = rules.filter((rule) => rule.kind === "name");
  }

  /** Whether the guest may ask that, from its port `port`: for addresses of names that are listed. */
  ask(question: Question, port: number): boolean {
    if (question.type !== RECORD_TYPE.a && question.type !== RECORD_TYPE.aaaa) return false;
    const rules = this.#rules.filter((rule) => matches(rule, question.name));
    if (rules.length === 0) return false;
    const oldest = this.#pending.size >= MAX_PENDING_QUESTIONS ? this.#pending.keys().next().value : undefined;
    if (oldest !== undefined) this.#pending.delete(oldest);
    this.#pending.set(keyOf(question, port), rules);
    return true;
  }

  /** Takes what a name server answers to a question that was allowed. `accept`: which addresses a name may stand for. */
  hear(answer: Answer, port: number, now: number, accept: (address: Address) => boolean): void {
    const key = keyOf(answer, port);
    const rules = this.#pending.get(key);
    if (rules === undefined) return;
    this.#pending.delete(key);
    const ports = rules.flatMap((rule) => rule.port ?? []);
    for (const { address, seconds } of answer.addresses) {
      if (!accept(address)) continue;
      const before = this.#addresses.get(address);
      const all = ports.length < rules.length || (before !== undefined && before.ports === undefined);
      this.#addresses.delete(address);
      this.#addresses.set(address, {
        ports: all ? undefined : new Set([...(before?.ports ?? []), ...ports]),
        until: now + Math.max(seconds * 1000, LEARNED_AGE_MS),
      });
      const oldest = this.#addresses.size > MAX_LEARNED_ADDRESSES ? this.#addresses.keys().next().value : undefined;
      if (oldest !== undefined) this.#addresses.delete(oldest);
    }
  }

  /** Whether an address is one of a listed name's. Use keeps it known. */
  allows(address: Address, port: number | undefined, now: number): boolean {
    const learned = this.#addresses.get(address);
    if (learned === undefined) return false;
    if (learned.until < now) {
      this.#addresses.delete(address);
      return false;
    }
    if (learned.ports !== undefined && (port === undefined || !learned.ports.has(port))) return false;
    learned.until = Math.max(learned.until, now + LEARNED_AGE_MS);
    return true;
  }
}

function matches({ name, withSubdomains }: NameRule, asked: string): boolean {
  return asked === name || (withSubdomains && asked.endsWith(`.${name}`));
}

function keyOf({ id, name, type }: Question, port: number): string {
  return `${port} ${id} ${type} ${name}`;
}
