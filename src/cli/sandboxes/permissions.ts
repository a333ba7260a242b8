/** What `vitrine permissions` does. */
import { VitrineError } from "../../base/error.ts";
import { withoutRule, withRule } from "../../host/policy/edit.ts";
import { INTERFACE_PREFIX, parsePolicy, parseSubject, valuesOfSubject } from "../../host/policy/parse.ts";
import { interfaceSetting, type Policy, type Setting, type Subject, settingOf } from "../../host/policy/policy.ts";
import { TOPIC_NAMES, TOPICS, type Topic, type Value } from "../../host/policy/topics.ts";
import {
  allowedInterfaces,
  loadPolicy,
  policyPaths,
  readPolicyFile,
  requireSound,
  writePolicyFile,
} from "../../host/sandbox/policy-files.ts";
import { findConnection } from "../../host/sandbox/supervisor/control-client.ts";
import type { PermissionsFlags } from "../commands/permissions.ts";
import { type CliContext, writeJson } from "../context.ts";
import { formatTable } from "../terminal/report.ts";

/** A topic or an interface, and what is in force for it. */
interface Permission {
  readonly topic: string;
  readonly setting: Setting;
  readonly values: readonly Value[];
}

export async function permissions(
  this: CliContext,
  flags: PermissionsFlags,
  sandbox: string,
  topic?: string,
  value?: string,
): Promise<void> {
  const change = flags.reset || value !== undefined;
  if (flags.reset && value !== undefined)
    throw new VitrineError("invalid-argument", `Cannot set "${topic}" to "${value}" and reset it: want one of the two`);
  const interfaces = await allowedInterfaces();
  if (topic !== undefined) checkTopic(topic, value, interfaces);
  if (flags.reset) reset(this, sandbox, topic, interfaces);
  else if (topic !== undefined && value !== undefined) await set(this, sandbox, topic, value as Value);
  const policy = await loadPolicy(sandbox, this.process.env);
  if (change || flags.apply) await follow(this, sandbox, flags.apply);
  show(this, flags, policy, topic, interfaces);
  requireSound(sandbox, policy);
}

/** Throws "invalid-argument" unless there is such a topic, which can have that value. */
function checkTopic(topic: string, value: string | undefined, interfaces: ReadonlySet<string>): void {
  const subject = parseSubject(topic, interfaces);
  if (typeof subject === "string" || !isOne(subject)) {
    const why = typeof subject === "string" ? subject : "it stands for many, which only a file can set";
    throw new VitrineError("invalid-argument", `Cannot use topic "${topic}": ${why}`, {
      fix: "vitrine permissions --help lists the topics",
    });
  }
  const values = valuesOfSubject(subject);
  if (value !== undefined && !values.some((one) => one === value))
    throw new VitrineError("invalid-argument", `Cannot set "${topic}" to "${value}": want ${values.join(", ")}`);
}

function isOne(subject: Subject): boolean {
  return subject.kind === "topic" || subject.kind === "interface";
}

async function set(context: CliContext, sandbox: string, topic: string, value: Value): Promise<void> {
  requireSound(sandbox, await loadPolicy(sandbox, context.process.env));
  const path = policyPaths(sandbox, context.process.env).sandbox;
  const file = readPolicyFile(path);
  const text =
    "text" in file && file.text !== "" ? file.text : `# What sandbox "${sandbox}" may do; see docs/PERMISSIONS.md.\n`;
  writePolicyFile(path, withRule(text, topic, value));
}

/** Without a topic the whole file goes, broken or not. */
function reset(context: CliContext, sandbox: string, topic: string | undefined, interfaces: ReadonlySet<string>): void {
  const path = policyPaths(sandbox, context.process.env).sandbox;
  if (topic === undefined) return writePolicyFile(path, "");
  const file = readPolicyFile(path);
  requireSound(sandbox, parsePolicy([file], interfaces));
  if ("text" in file) writePolicyFile(path, withoutRule(file.text, topic));
}

/** A sandbox that runs reads its files again. */
async function follow(context: CliContext, sandbox: string, wanted: boolean): Promise<void> {
  const connection = await findConnection(sandbox, context.process.env);
  if (connection === undefined) {
    if (wanted)
      throw new VitrineError("not-found", `Cannot apply the policy of sandbox "${sandbox}": it does not run`, {
        fix: "nothing is to be done: it reads its policy when it starts",
      });
    return;
  }
  try {
    await connection.info();
    const { ended } = await connection.applyPolicy();
    if (ended > 0)
      context.process.stderr.write(
        `vitrine: ${ended} app ${ended === 1 ? "connection was" : "connections were"} ended: what ${ended === 1 ? "it" : "they"} used is denied now\n`,
      );
  } finally {
    connection.close();
  }
}

function show(
  context: CliContext,
  flags: PermissionsFlags,
  policy: Policy,
  topic: string | undefined,
  interfaces: ReadonlySet<string>,
): void {
  const shown = topic === undefined ? permissionsOf(policy, interfaces) : [permissionOf(policy, topic, interfaces)];
  if (flags.json) return writeJson(context, topic === undefined ? shown.map(forPrograms) : forPrograms(shown[0]));
  const rows = shown
    // Interfaces are many, and nearly always as they are shipped.
    .filter(
      (one) => topic !== undefined || !one.topic.startsWith(INTERFACE_PREFIX) || one.setting.from.kind !== "shipped",
    )
    .map((one) => [one.topic, one.setting.value, describeSource(one.setting)]);
  context.process.stdout.write(formatTable(["TOPIC", "VALUE", "FROM"], rows));
  if (topic === undefined) return;
  const about = Object.hasOwn(TOPICS, topic) ? `\n${topic}: ${TOPICS[topic as Topic].brief}` : "";
  context.process.stdout.write(`${about}\nvalues: ${shown[0]?.values.join(", ")}\n`);
}

function permissionsOf(policy: Policy, interfaces: ReadonlySet<string>): Permission[] {
  const names = [...TOPIC_NAMES, ...[...interfaces].map((name) => INTERFACE_PREFIX + name)];
  return names.map((name) => permissionOf(policy, name, interfaces));
}

function permissionOf(policy: Policy, topic: string, interfaces: ReadonlySet<string>): Permission {
  const subject = parseSubject(topic, interfaces) as Subject;
  const setting =
    subject.kind === "interface" ? interfaceSetting(policy, subject.name) : settingOf(policy, topic as Topic);
  return { topic, setting, values: valuesOfSubject(subject) };
}

function describeSource({ from }: Setting): string {
  switch (from.kind) {
    case "rule":
      return `${from.place.file}:${from.place.line}`;
    case "shipped":
      return `shipped: ${from.reason}`;
    case "broken":
      return "the policy is broken";
    default:
      return from satisfies never;
  }
}

function forPrograms(permission: Permission | undefined) {
  if (permission === undefined) return null;
  const { topic, setting, values } = permission;
  const place = setting.from.kind === "rule" ? setting.from.place : null;
  return {
    topic,
    value: setting.value,
    from: setting.from.kind,
    file: place?.file ?? null,
    line: place?.line ?? null,
    values,
  };
}
