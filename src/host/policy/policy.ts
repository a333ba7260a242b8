/**
 * What a sandbox may do on the user's desktop: a list of rules, of which the first that matches counts, above the shipped
 * values. No input or output here; see parse.ts for the files and sandbox/policy-files.ts for where they lie.
 */
import { type InterfaceValue, TOPICS, type Topic, type Value, valuesOf } from "./topics.ts";

/** What a rule is about. */
export type Subject =
  | { readonly kind: "topic"; readonly topic: Topic }
  /** Every topic; its one value is "deny", which stands for the most restrictive of each. */
  | { readonly kind: "every-topic" }
  | { readonly kind: "interface"; readonly name: string }
  | { readonly kind: "every-interface" };

/** A line of a policy file. */
export interface Place {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface Rule {
  readonly subject: Subject;
  readonly value: Value;
  readonly place: Place;
}

/** Why a line is not a rule; the whole policy is void then. */
export interface Problem {
  readonly place: Place;
  readonly message: string;
}

export type Policy =
  | { readonly kind: "rules"; readonly rules: readonly Rule[] }
  /** A file is broken: everything is denied until it is mended. */
  | { readonly kind: "broken"; readonly problems: readonly [Problem, ...Problem[]] };

/** What is in force, and who says so. */
export interface Setting<V extends Value = Value> {
  readonly value: V;
  readonly from:
    | { readonly kind: "rule"; readonly place: Place }
    | { readonly kind: "shipped"; readonly reason: string }
    | { readonly kind: "broken"; readonly problem: Problem };
}

/**
 * What a relay is told. "ask": the user has to allow it first, by `vitrine permissions`; the topic says what happens
 * meanwhile.
 */
export type Verdict = "allow" | "ask" | "deny";

/** No file says anything. */
export const SHIPPED_POLICY: Policy = { kind: "rules", rules: [] };

/** The value of `topic`: the first rule that matches, else the shipped one; of a broken policy the most restrictive. */
export function settingOf(policy: Policy, topic: Topic): Setting {
  const { values, shipped, reason } = TOPICS[topic];
  if (policy.kind === "broken") return { value: values[0], from: { kind: "broken", problem: policy.problems[0] } };
  const rule = policy.rules.find(
    ({ subject }) => subject.kind === "every-topic" || (subject.kind === "topic" && subject.topic === topic),
  );
  if (rule === undefined) return { value: shipped, from: { kind: "shipped", reason } };
  const value = rule.subject.kind === "every-topic" ? valuesOf(topic)[0] : rule.value;
  return { value, from: { kind: "rule", place: rule.place } };
}

/** Whether an interface of the built-in allow-list is offered; asked of no other, so no rule can reach beyond that list. */
export function interfaceSetting(policy: Policy, name: string): Setting<InterfaceValue> {
  if (policy.kind === "broken") return { value: "deny", from: { kind: "broken", problem: policy.problems[0] } };
  const rule = policy.rules.find(
    ({ subject }) => subject.kind === "every-interface" || (subject.kind === "interface" && subject.name === name),
  );
  if (rule === undefined)
    return { value: "allow", from: { kind: "shipped", reason: "it is on the built-in allow-list" } };
  return { value: rule.value === "allow" ? "allow" : "deny", from: { kind: "rule", place: rule.place } };
}

/**
 * The one decision on what an app asks for. `recentInput`: a key, button or touch was delivered to the sandbox within
 * INPUT_GRACE_MS.
 */
export function decide(policy: Policy, topic: Topic, situation: { readonly recentInput: boolean }): Verdict {
  const { value } = settingOf(policy, topic);
  switch (value) {
    case "on":
    case "allow":
      return "allow";
    case "ask":
      return "ask";
    case "on-paste":
    case "on-copy":
    case "on-input":
      return situation.recentInput ? "allow" : "deny";
    case "off":
    case "deny":
      return "deny";
    default:
      return value satisfies never;
  }
}

/** "FILE:LINE: what is wrong with it". */
export function describeProblem({ place, message }: Problem): string {
  return `${place.file}:${place.line}: ${message}`;
}
