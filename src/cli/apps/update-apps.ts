/** What `vitrine update` and `vitrine rollback` do. */
import { VitrineError } from "../../base/error.ts";
import { findApp } from "../../host/apps/find-app.ts";
import { rollBack } from "../../host/apps/install.ts";
import type { Upgrade } from "../../host/apps/layer-contents.ts";
import { type UpdateResult, updateApps } from "../../host/apps/update.ts";
import { configNames, findConfig } from "../../host/sandbox/config.ts";
import { endReady } from "../../host/sandbox/ready/ready-machines.ts";
import { findSandbox } from "../../host/sandbox/record.ts";
import type { UpdateFlags } from "../commands/update.ts";
import type { CliContext } from "../context.ts";
import { snapshotSandbox } from "../run/snapshot-sandbox.ts";
import { countOf } from "../terminal/report.ts";
import { refreshLaunchers, withBuildOptions, withStages } from "./install-apps.ts";

/** Upgrades that are shown one by one. */
const SHOWN_UPGRADES = 20;

export async function runUpdate(this: CliContext, flags: UpdateFlags, ...words: string[]): Promise<void> {
  const environment = this.process.env;
  if (words.length === 0 && !flags.all) {
    throw new VitrineError("invalid-argument", "Cannot update: name an app or a sandbox", { fix: "--all updates all" });
  }
  const names = flags.all ? sandboxesWithApps(this) : [...new Set(words.map((word) => sandboxOf(word, this)))];
  if (names.length === 0) return void this.process.stderr.write("No app is installed.\n");
  const failures: unknown[] = [];
  await withBuildOptions(this, flags.unconfined, async (options) => {
    for (const name of names) {
      try {
        const result = await withStages(this, name, (onProgress) =>
          updateApps(name, flags.force, { ...options, onProgress }),
        );
        if (result.changed) {
          refreshLaunchers(this, result.config);
          await endReady(environment);
        }
        this.process.stdout.write(describe(result));
        if (result.changed && findSandbox(name, environment) !== undefined) {
          this.process.stderr.write(`vitrine: sandbox "${name}" runs, and has this from its next start on\n`);
        }
        // What is never started needs none.
        if (result.changed && flags.snapshot) {
          await snapshotSandbox(this, name, { confined: !flags.unconfined, ifUsed: true });
        }
      } catch (error) {
        // With --all one sandbox does not keep the others from their updates.
        if (!flags.all || VitrineError.from(error).code === "cancelled") throw error;
        this.process.stderr.write(`vitrine: ${VitrineError.from(error).message}\n`);
        failures.push(error);
      }
    }
  });
  if (failures.length > 0) throw failures[0];
}

export async function runRollback(this: CliContext, _flags: Record<never, never>, word: string): Promise<void> {
  const name = sandboxOf(word, this);
  const config = await rollBack(name, this.process.env);
  refreshLaunchers(this, config);
  await endReady(this.process.env);
  const apps = config.system.kind === "apps" ? config.system.apps : [];
  this.process.stdout.write(`${name}: ${apps.map(({ id, version }) => `${id} ${version}`).join(", ")}\n`);
  if (findSandbox(name, this.process.env) !== undefined) {
    this.process.stderr.write(`vitrine: sandbox "${name}" runs, and has this from its next start on\n`);
  }
}

/** The sandbox of that name, or the one with that app. */
export function sandboxOf(word: string, context: CliContext): string {
  const environment = context.process.env;
  return configNames(environment).includes(word) ? word : findApp(word, environment).config.name;
}

function sandboxesWithApps(context: CliContext): string[] {
  return configNames(context.process.env).filter((name) => {
    try {
      return findConfig(name, context.process.env)?.system.kind === "apps";
    } catch (error) {
      context.process.stderr.write(`vitrine: ${VitrineError.from(error).message}\n`);
      return false;
    }
  });
}

function describe({ config, upgrades, changed }: UpdateResult): string {
  if (!changed) return `${config.name}: nothing is newer\n`;
  const security = upgrades.filter((upgrade) => upgrade.security);
  const line = ({ name, from, to, security: secure }: Upgrade) =>
    `  ${name} ${from} -> ${to}${secure ? " (security)" : ""}\n`;
  const shown = [...security, ...upgrades.filter((upgrade) => !upgrade.security)].slice(0, SHOWN_UPGRADES);
  const rest = upgrades.length - shown.length;
  const summary =
    upgrades.length === 0
      ? "built anew"
      : `${countOf(upgrades.length, "package")}, ${security.length} of them for security`;
  return `${config.name}: ${summary}\n${shown.map(line).join("")}${rest > 0 ? `  and ${rest} more\n` : ""}`;
}
