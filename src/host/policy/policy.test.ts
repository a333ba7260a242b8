import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { withoutRule, withRule } from "./edit.ts";
import { INTERFACE_PREFIX, MAX_POLICY_CHARS, parsePolicy } from "./parse.ts";
import { decide, describeProblem, interfaceSetting, type Policy, SHIPPED_POLICY, settingOf } from "./policy.ts";
import { INTERFACE_VALUES, TOPIC_NAMES, TOPICS, type Topic, type Value, valuesOf } from "./topics.ts";

const SEED = 3;
const INTERFACES = new Set(["wl_compositor", "wp_presentation", "zwp_idle_inhibit_manager_v1"]);

const parse = (...texts: string[]): Policy =>
  parsePolicy(
    texts.map((text, index) => ({ path: `file${index}`, text })),
    INTERFACES,
  );
const problemsOf = (policy: Policy): string[] => (policy.kind === "broken" ? policy.problems.map(describeProblem) : []);
const valueIn = (policy: Policy, topic: Topic): Value => settingOf(policy, topic).value;

describe("a policy", () => {
  test("without files is what is shipped, each value one of its topic's", () => {
    for (const topic of TOPIC_NAMES) {
      const { shipped, reason } = TOPICS[topic];
      expect(settingOf(SHIPPED_POLICY, topic)).toEqual({ value: shipped, from: { kind: "shipped", reason } });
      expect(valuesOf(topic)).toContain(shipped);
    }
    expect(parse("", "# nothing\n\n")).toEqual(SHIPPED_POLICY);
  });

  test("the first rule that matches counts, the first file's first", () => {
    const policy = parse("fullscreen allow # games\nfullscreen deny\n", "fullscreen ask\n\tdrag-in \t off\r\n");
    expect(settingOf(policy, "fullscreen")).toEqual({
      value: "allow",
      from: { kind: "rule", place: { file: "file0", line: 1 } },
    });
    expect(settingOf(policy, "drag-in")).toEqual({
      value: "off",
      from: { kind: "rule", place: { file: "file1", line: 2 } },
    });
  });

  test("a rule for all denies what was not allowed before it", () => {
    const policy = parse("clipboard-out on\n* deny\nfullscreen allow");
    expect(TOPIC_NAMES.map((topic) => [topic, valueIn(policy, topic)])).toEqual(
      TOPIC_NAMES.map((topic) => [topic, topic === "clipboard-out" ? "on" : valuesOf(topic)[0]]),
    );
    expect(interfaceSetting(policy, "wl_compositor").value).toBe("allow");
  });

  test("an interface can be denied, and allowed again by an earlier rule", () => {
    const policy = parse("interface:wl_compositor allow", "interface:* deny");
    expect(interfaceSetting(policy, "wl_compositor").value).toBe("allow");
    expect(interfaceSetting(policy, "wp_presentation").value).toBe("deny");
  });

  test("acts that need input are allowed with it and denied without", () => {
    const situations = [true, false].map((recentInput) => ({ recentInput }));
    const verdicts = (topic: Topic, value: Value) =>
      situations.map((situation) => decide(parse(`${topic} ${value}`), topic, situation));
    expect(verdicts("clipboard-in", "off")).toEqual(["deny", "deny"]);
    expect(verdicts("clipboard-in", "on-paste")).toEqual(["allow", "deny"]);
    expect(verdicts("clipboard-in", "on")).toEqual(["allow", "allow"]);
    expect(verdicts("clipboard-out", "on-copy")).toEqual(["allow", "deny"]);
    expect(verdicts("activation", "on-input")).toEqual(["allow", "deny"]);
    expect(verdicts("fullscreen", "ask")).toEqual(["ask", "ask"]);
    expect(verdicts("fullscreen", "allow")).toEqual(["allow", "allow"]);
    expect(verdicts("fullscreen", "deny")).toEqual(["deny", "deny"]);
  });
});

describe("a broken file", () => {
  test.each([
    ["clipbord-in off", 'no topic is called "clipbord-in"'],
    ["clipboard-in", "clipboard-in has no value: want off, on-paste, on"],
    ["clipboard-in yes", 'clipboard-in has "yes": want off, on-paste, on'],
    ["clipboard-in on please", 'clipboard-in has "on please"'],
    ["fullscreen on", 'fullscreen has "on": want deny, ask, allow'],
    ["* allow", '* has "allow": want deny'],
    ["interface:zwlr_screencopy_manager_v1 allow", "is not on the built-in allow-list of interfaces"],
    ["interface:wl_compositor off", "want deny, allow"],
    ["toString off", 'no topic is called "toString"'],
    ["\u001b[2J off", 'no topic is called "\\u001b[2J"'],
  ])("%s", (line, message) => {
    const policy = parse("fullscreen allow", `# one\n${line}\ndrag-in off`);
    const problems = problemsOf(policy);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith("file1:2: ");
    expect(problems[0]).toContain(message);
    for (const topic of TOPIC_NAMES) {
      expect(valueIn(policy, topic)).toBe(valuesOf(topic)[0]);
      expect(decide(policy, topic, { recentInput: true })).toBe("deny");
    }
    for (const name of INTERFACES) expect(interfaceSetting(policy, name).value).toBe("deny");
  });

  test("one that is too long, or cannot be read", () => {
    expect(problemsOf(parse("#".repeat(MAX_POLICY_CHARS + 1)))).toHaveLength(1);
    const policy = parsePolicy([{ path: "gone", unreadable: "permission denied" }], INTERFACES);
    expect(problemsOf(policy)).toEqual(["gone:1: it cannot be read: permission denied"]);
  });

  test("every mistake is told", () => {
    expect(problemsOf(parse("x on\ny on", "drag-in off\nz"))).toHaveLength(3);
  });
});

const topicRule = fc
  .constantFrom(...TOPIC_NAMES)
  .chain((topic) => fc.constantFrom(...valuesOf(topic)).map((value) => ({ subject: topic as string, value })));
const interfaceRule = fc.record({
  subject: fc.constantFrom(...INTERFACES).map((name) => INTERFACE_PREFIX + name),
  value: fc.constantFrom(...INTERFACE_VALUES),
});
const line = fc.oneof(
  { weight: 4, arbitrary: topicRule.map(({ subject, value }) => `${subject}  ${value} # why`) },
  { weight: 3, arbitrary: interfaceRule.map(({ subject, value }) => ` ${subject}\t${value}`) },
  fc.constantFrom("* deny", "interface:* deny", "interface:* allow", "", "# a comment", "\t"),
);
const file = fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n"));

/** Every value that a policy gives. */
function values(policy: Policy): Record<string, Value> {
  return Object.fromEntries([
    ...TOPIC_NAMES.map((topic) => [topic, valueIn(policy, topic)]),
    ...[...INTERFACES].map((name) => [INTERFACE_PREFIX + name, interfaceSetting(policy, name).value]),
  ]);
}

describe("for any policy", () => {
  test("what parses is never beyond its topic's values; what does not, denies", () => {
    fc.assert(
      fc.property(fc.oneof(file, fc.string({ unit: "binary" })), (text) => {
        const policy = parse(text);
        for (const topic of TOPIC_NAMES) {
          expect(valuesOf(topic)).toContain(valueIn(policy, topic));
          const [without, withInput] = [false, true].map((recentInput) => decide(policy, topic, { recentInput }));
          if (without === "allow") expect(withInput).toBe("allow");
          if (policy.kind === "broken") expect(withInput).toBe("deny");
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("more rules behind the others change nothing that is ruled already", () => {
    fc.assert(
      fc.property(file, file, (first, second) => {
        const [alone, both] = [parse(first), parse(first, second)];
        for (const topic of TOPIC_NAMES) {
          if (settingOf(alone, topic).from.kind === "rule") expect(valueIn(both, topic)).toBe(valueIn(alone, topic));
        }
      }),
      { seed: SEED },
    );
  });

  test("a rule that is set counts, and nothing else changes", () => {
    fc.assert(
      fc.property(file, file, fc.oneof(topicRule, interfaceRule), (text, global, { subject, value }) => {
        const before = values(parse(text, global));
        const after = parse(withRule(text, subject, value), global);
        expect(values(after)).toEqual({ ...before, [subject]: value });
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("a rule that is removed leaves the others, and the comments", () => {
    fc.assert(
      fc.property(file, fc.oneof(topicRule, interfaceRule), (text, { subject }) => {
        const left = withoutRule(text, subject);
        expect(left.split("\n").filter((one) => one.trim().startsWith("#"))).toEqual(
          text.split("\n").filter((one) => one.trim().startsWith("#")),
        );
        const kept = text.split("\n").filter((one) => one.trim().split(/\s/)[0] !== subject);
        expect(values(parse(left))).toEqual(values(parse(kept.join("\n"))));
      }),
      { seed: SEED },
    );
  });
});
