/** What `vitrine default` does. */
import { VitrineError } from "../../base/error.ts";
import { applyDefaults, letOpen, type Opener, openerOf } from "../../host/apps/default-apps.ts";
import { findApp } from "../../host/apps/find-app.ts";
import type { DefaultFlags } from "../commands/default.ts";
import { type CliContext, writeJson } from "../context.ts";
import { refreshLaunchers } from "./install-apps.ts";

export async function runDefault(
  this: CliContext,
  flags: DefaultFlags,
  word: string,
  ...types: string[]
): Promise<void> {
  const environment = this.process.env;
  const found = findApp(word, environment);
  const before = openerOf(found, environment);
  if (Number(flags.all) + Number(flags.none) + Number(types.length > 0) > 1) {
    throw new VitrineError("invalid-argument", "Cannot choose types: want some, or --all, or --none");
  }
  if (!flags.all && !flags.none && types.length === 0) return show(this, flags, before);
  const chosen = flags.none ? [] : flags.all ? before.can : [...new Set([...before.does, ...types])];
  const config = letOpen(before, chosen, environment);
  refreshLaunchers(this, config);
  applyDefaults(config, environment);
  show(this, flags, { ...before, does: chosen });
}

function show(context: CliContext, flags: DefaultFlags, { sandbox, entry, can, does }: Opener): void {
  if (flags.json) return writeJson(context, { sandbox, entry, can, does });
  const { stdout } = context.process;
  if (can.length === 0) return void stdout.write(`${entry} does not say that it opens any files\n`);
  for (const type of [...can].sort()) stdout.write(`${does.includes(type) ? "yes" : " no"}  ${type}\n`);
}
