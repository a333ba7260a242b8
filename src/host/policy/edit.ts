/** Changing the text of a policy file: one rule is set or removed, the rest stays as its owner wrote it. */
import { EVERY_INTERFACE, EVERY_TOPIC, INTERFACE_PREFIX, wordsOf } from "./parse.ts";
import type { Value } from "./topics.ts";

/**
 * `text` with a rule that gives the topic or interface `subject` this value, placed so that it is the one that counts in
 * this file. `text` must be a policy file that is not broken.
 */
export function withRule(text: string, subject: string, value: Value): string {
  const lines = linesOf(text);
  const wildcard = subject.startsWith(INTERFACE_PREFIX) ? EVERY_INTERFACE : EVERY_TOPIC;
  const first = lines.findIndex((line) => [subject, wildcard].includes(wordsOf(line)[0] ?? ""));
  const found = lines[first];
  if (found === undefined) return textOf([...lines, `${subject} ${value}`]);
  if (wordsOf(found)[0] === subject)
    return textOf(
      lines.with(
        first,
        found.replace(/^(\s*\S+\s+)\S+/, (_, start) => start + value),
      ),
    );
  // A rule for all comes first: whatever else the file says of the subject never counted.
  const before = lines.slice(0, first);
  return textOf([...before, `${subject} ${value}`, ...linesOf(withoutRule(textOf(lines.slice(first)), subject))]);
}

/** `text` without any rule about `subject`. */
export function withoutRule(text: string, subject: string): string {
  return textOf(linesOf(text).filter((line) => wordsOf(line)[0] !== subject));
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
