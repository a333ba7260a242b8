/** A policy as it travels to the process that holds to it: without the places of its rules, and without rules that never count. */
import type { PackedPolicy } from "../../channel/contract/display-process.ts";
import type { Policy, Rule, Subject } from "./policy.ts";
import type { Topic, Value } from "./topics.ts";

/** Where a rule stood is not told along. */
const ELSEWHERE = { file: "", line: 0 };

export function packPolicy(policy: Policy): PackedPolicy {
  if (policy.kind === "broken") {
    const [{ place, message }] = policy.problems;
    return { broken: { ...place, message } };
  }
  const first = new Map<string, Value>();
  for (const { subject, value } of policy.rules) {
    const key = keyOf(subject);
    if (!first.has(key)) first.set(key, value);
  }
  return { rules: [...first] };
}

/** Takes a policy from whoever has read and packed it. */
export function unpackPolicy(packed: PackedPolicy): Policy {
  if ("broken" in packed) {
    const { message, ...place } = packed.broken;
    return { kind: "broken", problems: [{ place, message }] };
  }
  const rules = packed.rules.map(([key, value]): Rule => {
    return { subject: subjectOf(key), value: value as Value, place: ELSEWHERE };
  });
  return { kind: "rules", rules };
}

function keyOf(subject: Subject): string {
  if (subject.kind === "topic") return `topic ${subject.topic}`;
  return subject.kind === "interface" ? `interface ${subject.name}` : subject.kind;
}

function subjectOf(key: string): Subject {
  if (key === "every-topic" || key === "every-interface") return { kind: key };
  const [kind, name = ""] = key.split(" ", 2);
  return kind === "topic" ? { kind, topic: name as Topic } : { kind: "interface", name };
}
