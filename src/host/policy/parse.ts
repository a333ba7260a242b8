/**
 * The text of a policy file:
 *
 *   # a comment, on a line of its own or behind a rule
 *   clipboard-out  off
 *   interface:wp_presentation  deny
 *   *  deny
 *
 * 1. A rule is a subject and a value, with spaces or tabs between them. The subject is a topic, `interface:NAME`,
 *    `interface:*`, or `*` for every topic, whose one value is `deny`.
 * 2. The first rule that matches counts.
 * 3. What is not a rule breaks the file, and with it the policy: a misspelt "off" must not stand for the shipped "on".
 */
import type { Place, Policy, Problem, Rule, Subject } from "./policy.ts";
import { INTERFACE_VALUES, isTopic, TOPIC_NAMES, type Value, valuesOf } from "./topics.ts";

/** Characters of a policy file; one with every topic, every interface and a comment for each has a tenth. */
export const MAX_POLICY_CHARS = 64 * 1024;

/** How the subject of a rule about an interface begins. */
export const INTERFACE_PREFIX = "interface:";
export const EVERY_INTERFACE = "interface:*";
export const EVERY_TOPIC = "*";

/** A policy file as it was read; text or, when it could not be read, why. */
export type PolicyFile = { readonly path: string } & ({ readonly text: string } | { readonly unreadable: string });

/**
 * The policy that `files` say together, the first file's rules first. `interfaces`: those of the built-in allow-list; a
 * rule about any other is a mistake.
 */
export function parsePolicy(files: readonly PolicyFile[], interfaces: ReadonlySet<string>): Policy {
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    for (const parsed of parseFile(file, interfaces)) {
      if ("message" in parsed) problems.push(parsed);
      else rules.push(parsed);
    }
  }
  const [first, ...more] = problems;
  return first === undefined ? { kind: "rules", rules } : { kind: "broken", problems: [first, ...more] };
}

/** The words of a line, its comment left out. */
export function wordsOf(line: string): string[] {
  return (line.split("#", 1)[0] ?? "").split(/[ \t\r]+/).filter((word) => word !== "");
}

/** What a subject is, by its name; a string says why it is none. */
export function parseSubject(name: string, interfaces: ReadonlySet<string>): Subject | string {
  if (name === EVERY_TOPIC) return { kind: "every-topic" };
  if (name === EVERY_INTERFACE) return { kind: "every-interface" };
  if (isTopic(name)) return { kind: "topic", topic: name };
  if (!name.startsWith(INTERFACE_PREFIX))
    return `no topic is called ${quoted(name)}: want one of ${TOPIC_NAMES.join(", ")}, ${INTERFACE_PREFIX}NAME`;
  const wanted = name.slice(INTERFACE_PREFIX.length);
  if (interfaces.has(wanted)) return { kind: "interface", name: wanted };
  return `${quoted(wanted)} is not on the built-in allow-list of interfaces, which a policy can only narrow`;
}

/** The values that a subject can have, the most restrictive first. */
export function valuesOfSubject(subject: Subject): readonly Value[] {
  switch (subject.kind) {
    case "topic":
      return valuesOf(subject.topic);
    case "every-topic":
      return ["deny"];
    case "interface":
    case "every-interface":
      return INTERFACE_VALUES;
    default:
      return subject satisfies never;
  }
}

function parseFile(file: PolicyFile, interfaces: ReadonlySet<string>): (Rule | Problem)[] {
  const problem = (message: string) => [{ place: { file: file.path, line: 1 }, message }];
  if ("unreadable" in file) return problem(`it cannot be read: ${file.unreadable}`);
  if (file.text.length > MAX_POLICY_CHARS) return problem(`it has more than ${MAX_POLICY_CHARS} characters`);
  return file.text.split("\n").flatMap((line, index) => {
    const words = wordsOf(line);
    return words.length === 0 ? [] : [parseRule(words, { file: file.path, line: index + 1 }, interfaces)];
  });
}

function parseRule(words: readonly string[], place: Place, interfaces: ReadonlySet<string>): Rule | Problem {
  const [name = "", word, ...more] = words;
  const subject = parseSubject(name, interfaces);
  if (typeof subject === "string") return { place, message: subject };
  const values = valuesOfSubject(subject);
  const value = values.find((candidate) => candidate === word);
  if (value === undefined || more.length > 0) {
    const given = word === undefined ? "no value" : quoted(words.slice(1).join(" "));
    return { place, message: `${name} has ${given}: want ${values.join(", ")}` };
  }
  return { subject, value, place };
}

/** A file may hold anything; what is repeated of it is short and printable. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
