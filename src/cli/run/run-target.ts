/** What `vitrine run` is asked to start, and where. */
import { VitrineError } from "../../base/error.ts";
import { appOf, type FoundApp, findApp } from "../../host/apps/find-app.ts";
import { readConfig } from "../../host/sandbox/config.ts";
import type { Environment } from "../../host/sandbox/directories.ts";
import type { RunFlags } from "../commands/run.ts";

export interface RunTarget {
  /** The sandbox. */
  readonly name: string;
  /** Of a sandbox that keeps nothing; undefined for one that was made. */
  readonly image: string | undefined;
  readonly argv: string[];
  /** The first word names a desktop entry. */
  readonly entry?: { readonly action: string | null };
}

/** An installed app by any of its names; or a command in a sandbox that was made, or in one of an image. */
export function runTarget(flags: RunFlags, argv: readonly string[], environment: Environment): RunTarget {
  const { sandbox, image, name, network } = flags;
  if (image !== undefined) {
    if (sandbox !== undefined) throw both();
    return { name: name ?? image, image, argv: [...argv] };
  }
  if (name !== undefined) throw both();
  const [word = "", ...rest] = argv;
  const found = sandbox === undefined ? findApp(word, environment) : appOf(readConfig(sandbox, environment), word);
  const target = sandbox ?? found?.config.name ?? "";
  if (network !== undefined) {
    throw new VitrineError("invalid-argument", `Cannot run with --network: sandbox "${target}" has its own`, {
      fix: `vitrine network ${target} POLICY`,
    });
  }
  if (found === undefined) return { name: target, image: undefined, argv: [...argv] };
  return { name: target, image: undefined, ...launchOf(found, rest, flags.action) };
}

/** How an app is started: by its desktop entry, or by its command. */
export function launchOf(
  { app, entry }: Pick<FoundApp, "app" | "entry">,
  rest: readonly string[],
  action: string | undefined,
): Pick<RunTarget, "argv" | "entry"> {
  if (entry !== undefined) return { argv: [entry, ...rest], entry: { action: action ?? null } };
  const [command] = app.commands;
  if (action === undefined && command !== undefined) return { argv: [command, ...rest] };
  const what = action === undefined ? "it has no program" : `it has no action "${action}"`;
  throw new VitrineError("invalid-argument", `Cannot run "${app.id}": ${what}`);
}

function both(): VitrineError {
  return new VitrineError(
    "invalid-argument",
    "Cannot run: --sandbox is for one that was made, --name for one of an --image",
    {
      fix: "vitrine run APP, or vitrine run --sandbox NAME -- COMMAND, or vitrine run --image NAME -- COMMAND",
    },
  );
}
