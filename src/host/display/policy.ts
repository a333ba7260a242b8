/**
 * The policy in force for the windows of one sandbox. Relays ask here and nowhere else; what they do with the answer is
 * in their own files. All app connections of a sandbox count as one: the guest's kernel decides which app is which, so
 * telling them apart would protect nobody.
 */
import {
  decide,
  describeProblem,
  interfaceSetting,
  type Policy,
  SHIPPED_POLICY,
  settingOf,
  type Verdict,
} from "../policy/policy.ts";
import { INPUT_GRACE_MS, type Topic, valuesOf } from "../policy/topics.ts";
import type { DisplayClient } from "./client.ts";

/** Refusals of one topic are told at most this often, in milliseconds: an app that tries again and again must not fill the log. */
export const REFUSAL_NOTICE_INTERVAL_MS = 10_000;

export interface DisplayPolicyOptions {
  readonly policy: Policy;
  /** Those of the built-in allow-list. */
  readonly interfaces: readonly string[];
  /** Milliseconds from any beginning; the process's own clock unless a test has another. */
  readonly now?: () => number;
}

export class DisplayPolicy {
  readonly #now: () => number;
  readonly #interfaces: readonly string[];
  #policy: Policy = SHIPPED_POLICY;
  #denied: ReadonlySet<string> = new Set();
  #lastInput = Number.NEGATIVE_INFINITY;
  readonly #told = new Map<Topic, number>();

  constructor({ policy, interfaces, now = () => performance.now() }: DisplayPolicyOptions) {
    this.#interfaces = interfaces;
    this.#now = now;
    this.replace(policy);
  }

  get current(): Policy {
    return this.#policy;
  }

  /** Another policy is in force from now on; {@link HostDisplay.setPolicy} tells the relays. */
  replace(policy: Policy): void {
    this.#policy = policy;
    // Windows that are open shall not fall to a slip of the pen: new apps are turned away instead (display.ts).
    if (policy.kind !== "broken") {
      const denied = this.#interfaces.filter((name) => interfaceSetting(policy, name).value === "deny");
      this.#denied = new Set(denied);
    }
    this.#told.clear();
  }

  /** A key was pressed, a button or a touch has gone to one of the sandbox's windows: the user has done something there. */
  inputDelivered(): void {
    this.#lastInput = this.#now();
  }

  /** The user has done something in one of the sandbox's windows within INPUT_GRACE_MS. */
  inputIsRecent(): boolean {
    return this.#now() - this.#lastInput <= INPUT_GRACE_MS;
  }

  /** Whether an app may do it now; `acted` as for {@link permitted}. */
  decide(topic: Topic, acted: boolean = this.inputIsRecent()): Verdict {
    return decide(this.#policy, topic, { recentInput: acted });
  }

  /** Whether an app might do it, given some input first: what it may be told of in advance. */
  decideGivenInput(topic: Topic): Verdict {
    return decide(this.#policy, topic, { recentInput: true });
  }

  /** Interfaces of the allow-list that are not offered. While the policy is broken it is those of before. */
  deniedInterfaces(): ReadonlySet<string> {
    return this.#denied;
  }

  /** True when a refusal of `topic` should be told now; false while the last one is still fresh. */
  shouldTell(topic: Topic): boolean {
    const now = this.#now();
    if (now - (this.#told.get(topic) ?? Number.NEGATIVE_INFINITY) < REFUSAL_NOTICE_INTERVAL_MS) return false;
    this.#told.set(topic, now);
    return true;
  }
}

/**
 * Whether `client` may do what `topic` names, now. `acted`: whether the user has just acted, where the relay knows that
 * better than {@link DisplayPolicy.inputIsRecent}. A refusal is told in the sandbox's log, not too often.
 */
export function permitted(client: DisplayClient, topic: Topic, acted?: boolean): boolean {
  return verdictOn(client, topic, acted) === "allow";
}

/** As {@link permitted}, for topics that know "ask". */
export function verdictOn(client: DisplayClient, topic: Topic, acted?: boolean): Verdict {
  const { policy, notice, sandbox } = client.context;
  const verdict = policy.decide(topic, acted);
  if (verdict !== "allow" && policy.shouldTell(topic)) {
    notice(
      verdict === "ask" ? "warning" : "info",
      `app connection ${client.number} ${REFUSALS[verdict]} "${topic}", ${howToAllow(policy.current, topic, sandbox)}`,
    );
  }
  return verdict;
}

const REFUSALS = { ask: "wants", deny: "was refused" } as const;

/** What the user can do about a refusal. */
function howToAllow(policy: Policy, topic: Topic, sandbox: string): string {
  const { value, from } = settingOf(policy, topic);
  if (from.kind === "broken") return `since the policy is broken: ${describeProblem(from.problem)}`;
  const waits = decide(policy, topic, { recentInput: true }) === "allow";
  const why = waits
    ? `which is "${value}", and nothing was typed, clicked or touched just before`
    : `which is "${value}"`;
  return `${why}; to allow it: vitrine permissions ${sandbox} ${topic} ${valuesOf(topic).at(-1)}`;
}
