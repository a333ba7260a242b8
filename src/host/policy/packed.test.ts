import { expect, test } from "bun:test";
import { packPolicy, unpackPolicy } from "./packed.ts";
import { parsePolicy } from "./parse.ts";
import { interfaceSetting, type Policy, settingOf } from "./policy.ts";
import { TOPICS, type Topic } from "./topics.ts";

function expectTheSame(policy: Policy): void {
  const travelled = unpackPolicy(JSON.parse(JSON.stringify(packPolicy(policy))));
  for (const topic of Object.keys(TOPICS) as Topic[])
    expect(settingOf(travelled, topic).value).toBe(settingOf(policy, topic).value);
  for (const name of ["wl_seat", "zwp_text_input_manager_v3", "unknown"])
    expect(interfaceSetting(travelled, name).value).toBe(interfaceSetting(policy, name).value);
}

function parsed(text: string): Policy {
  return parsePolicy([{ path: "p", text }], new Set(["wl_seat"]));
}

test("a packed policy decides as the one it was made of", () => {
  expectTheSame(parsed(""));
  expectTheSame(parsed("fullscreen allow\nfullscreen deny\nclipboard-in on\n"));
  expectTheSame(parsed("interface:wl_seat deny\ninterface:* allow\n* deny\nfullscreen allow\n"));
});

test("a broken one denies, and tells why", () => {
  const broken = parsed("nonsense\n");
  expectTheSame(broken);
  expect(unpackPolicy(packPolicy(broken))).toMatchObject({
    kind: "broken",
    problems: [{ place: { file: "p", line: 1 } }],
  });
});
