/** What `vitrine backup`, `restore`, `clone`, `rename` and `reset` do. */
import { resolve } from "node:path";
import { applyDefaults } from "../../host/apps/default-apps.ts";
import { buildSystem } from "../../host/apps/install.ts";
import { removeLaunchers } from "../../host/apps/launchers.ts";
import { cloneSandbox } from "../../host/backup/clone.ts";
import { peekBackup } from "../../host/backup/read-backup.ts";
import { restoreBackup } from "../../host/backup/restore.ts";
import { backUp } from "../../host/backup/write-backup.ts";
import { formatPolicy } from "../../host/network/policy.ts";
import { configDirectory, configNames, readConfig, type SandboxConfig } from "../../host/sandbox/config.ts";
import { findHomeDisk } from "../../host/sandbox/home-disk.ts";
import { renameSandbox, resetSandbox } from "../../host/sandbox/make.ts";
import { refreshLaunchers, withBuildOptions, withStages } from "../apps/install-apps.ts";
import type { RestoreFlags } from "../commands/restore.ts";
import type { CliContext } from "../context.ts";
import { confirm } from "../terminal/confirm.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { formatBytes } from "../terminal/report.ts";

type NoFlags = Record<never, never>;

export async function runBackup(this: CliContext, _flags: NoFlags, name: string, file: string): Promise<void> {
  const environment = this.process.env;
  const bytes = await interruptible((signal) =>
    withStages(this, name, (onProgress) => backUp(name, resolve(file), { environment, signal, onProgress })),
  );
  this.process.stdout.write(`${file}, ${formatBytes(bytes)}\n`);
}

export async function runRestore(this: CliContext, flags: RestoreFlags, file: string): Promise<void> {
  const environment = this.process.env;
  const { config: told } = await peekBackup(file);
  const name = flags.name ?? told.name;
  const there = configNames(environment).includes(name);
  if (there) await confirm(`Replace sandbox ${name} and all that is in its home (${homeUse(this, name)})?`, flags);
  const config = await interruptible((signal) =>
    withStages(this, name, (onProgress) =>
      restoreBackup(
        {
          file,
          name,
          replace: there,
          environment,
          build: ({ apps, ...wishes }, folder) =>
            withBuildOptions(this, flags.unconfined, (options) =>
              buildSystem({ ...wishes, apps, refresh: false, force: false }, folder, { ...options, onProgress }),
            ),
        },
        { signal, onProgress },
      ),
    ),
  );
  refreshLaunchers(this, config);
  this.process.stdout.write(`${describe(config)}, a home of ${homeUse(this, name)}\n`);
}

export async function runClone(this: CliContext, _flags: NoFlags, name: string, to: string): Promise<void> {
  const environment = this.process.env;
  const config = await interruptible((signal) =>
    withStages(this, name, (onProgress) => cloneSandbox(name, to, { environment, signal, onProgress })),
  );
  refreshLaunchers(this, config);
  // Names must tell the two apart from now on.
  refreshLaunchers(this, readConfig(name, environment));
  this.process.stdout.write(`${describe(config)}, a home of ${homeUse(this, to)}\n`);
}

export async function runRename(this: CliContext, _flags: NoFlags, name: string, to: string): Promise<void> {
  const config = await renameSandbox(name, to, this.process.env);
  refreshLaunchers(this, config);
  removeLaunchers(name, this.process.env);
  applyDefaults(config, this.process.env);
  this.process.stdout.write(`${describe(config)}\n`);
}

export async function runReset(this: CliContext, flags: { yes: boolean }, name: string): Promise<void> {
  readConfig(name, this.process.env);
  await confirm(`Remove all that is in the home of sandbox ${name} (${homeUse(this, name)})?`, flags);
  await resetSandbox(name, this.process.env);
  this.process.stdout.write(`${name}: its home is empty\n`);
}

function describe({ name, colour, network, system }: SandboxConfig): string {
  const apps = system.kind === "apps" ? system.apps.map(({ id }) => id).join(", ") : `image ${system.image}`;
  return `${name}: ${apps}; ${colour}, network ${formatPolicy(network)}`;
}

function homeUse(context: CliContext, name: string): string {
  return formatBytes(findHomeDisk(configDirectory(name, context.process.env))?.usedBytes ?? 0);
}
