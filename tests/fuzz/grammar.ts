/** What an argument tends to be, by its name and type: values that mean something, and now and then ones that do not. */
import type { ArgumentTable, MessageTable } from "../../src/wayland/types.ts";
import type { Model } from "./model.ts";
import { tableOf } from "./model.ts";
import type { Argument, FileKind, Reference, SerialKind } from "./operation.ts";
import type { Random } from "./random.ts";

const FILES: Readonly<Record<FileKind, number>> = {
  memory: 10,
  "short memory": 2,
  pipe: 4,
  "closed pipe": 1,
  nothing: 1,
};
const TEXTS: readonly [string, ...string[]] = [
  "",
  "a",
  "title",
  "text/plain",
  "text/plain;charset=utf-8",
  "UTF8_STRING",
  "image/png",
  "org.example.App",
  "../../etc/passwd",
  "\u001b[2J\u202e",
  "😀".repeat(100),
  "x".repeat(4000),
  "left_ptr",
];
/** Mostly, in a session that breaks rules. */
const WRONG = 0.03;

/** A value for each argument of a request. `lies`: some may be what they must not be. */
export function argumentsOf(
  message: MessageTable,
  model: Model,
  random: Random,
  lies: boolean,
): Argument[] | undefined {
  const values: Argument[] = [];
  for (const argument of message.args) {
    const wrong = lies && random.chance(WRONG);
    const acknowledges = message.name === "ack_configure" && random.chance(0.9);
    const value = wrong
      ? wrongArgument(argument, random)
      : acknowledges
        ? ({ serial: "configure" } as const)
        : rightArgument(argument, model, random);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/** Undefined when there is no object that would do. */
function rightArgument(argument: ArgumentTable, model: Model, random: Random): Argument | undefined {
  switch (argument.type) {
    case "int":
    case "uint":
      return numberFor(argument, random);
    case "fixed":
      return random.chance(0.8) ? random.between(0, 200) * 256 : random.word();
    case "string":
      return argument.nullable && random.chance(0.2) ? null : random.pick(TEXTS);
    case "array":
      return { bytes: 4 * random.below(8) };
    case "fd":
      return { file: random.weighted(FILES) };
    case "new_id":
      return { make: argument.interface ?? "wl_callback" };
    case "object":
      return objectFor(argument, model, random);
    default:
      return argument.type satisfies never;
  }
}

function objectFor(argument: ArgumentTable, model: Model, random: Random): Argument | undefined {
  if (argument.nullable && random.chance(0.3)) return null;
  const of = argument.interface ?? "";
  const count = model.live(of).length;
  if (count > 0) return { of, pick: random.below(count) };
  return argument.nullable ? null : undefined;
}

function numberFor({ name, enum: enumName }: ArgumentTable, random: Random): Argument {
  if (name === "serial") return { serial: random.weighted<SerialKind>({ configure: 1, input: 4, forged: 1 }) };
  if (random.chance(0.1)) return random.word();
  if (enumName !== undefined) return random.below(10);
  if (/width|height|size/.test(name)) return random.between(1, 300);
  if (name === "scale") return random.between(1, 3);
  if (name === "format") return random.below(2);
  if (name === "stride") return 4 * random.between(1, 300);
  return random.between(-20, 300);
}

function wrongArgument(argument: ArgumentTable, random: Random): Argument {
  const references: readonly [Reference, ...Reference[]] = [
    { any: random.below(1000) },
    { dead: random.below(1000) },
    { id: random.word() },
  ];
  switch (argument.type) {
    case "object":
      return random.chance(0.2) ? null : random.pick(references);
    case "new_id":
      return { make: argument.interface ?? "wl_callback", id: random.chance(0.5) ? random.word() : random.below(20) };
    case "string":
      return random.pick<Argument>([null, "nul\0inside", "y".repeat(60_000), random.word(), { bytes: 3 }]);
    case "array":
      return { bytes: random.between(0, 5000) };
    case "fd":
      return random.word();
    default:
      return random.word();
  }
}

/**
 * Left out, for what comes of it is the compositor's mistake and ends the session: wlroots 0.15 destroys a seat's devices
 * with it, which natively ends an app that uses one of them afterwards, too.
 */
const LEFT_OUT = new Set(["wl_seat.release"]);

/** Requests of an interface that an object of `version` has, each with how often it is made. */
export function requestsOf(interfaceName: string, version: number): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const request of tableOf(interfaceName)?.requests ?? []) {
    if (request.since > version || LEFT_OUT.has(`${interfaceName}.${request.name}`)) continue;
    weights[request.name] = request.destructor ? 0.3 : request.name === "commit" ? 4 : 1;
  }
  return weights;
}
