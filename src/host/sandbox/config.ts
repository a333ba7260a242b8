/**
 * The sandboxes that the user has made: what each is made of, kept until it is removed. (record.ts is about those that
 * run.) Each has a folder, $XDG_DATA_HOME/vitrine/sandboxes/NAME, with its configuration and the disk of its home.
 *
 * A folder appears and goes in one step, and its configuration changes in one step: whatever is killed when, there is the
 * old state or the new. Who changes something holds the folder's lock; who reads needs none.
 */
import {
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
import { exchangePaths } from "../../sys/files.ts";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import { syncToDisk, writeDurably } from "../files/durable-file.ts";
import { storedImageSchema } from "../image/stored-image.ts";
import { policySchema } from "../network/policy.ts";
import { COLOUR_NAMES } from "./colour.ts";
import { checkSandboxName, type Environment, sandboxesDirectory } from "./directories.ts";

/** Raised when configurations are written in a way that an older version would misread. */
export const CONFIG_FORMAT = 1;
/** Characters of a configuration: a hundred apps, and more, are well below. */
export const MAX_CONFIG_CHARS = 1024 * 1024;

/** Apps of one sandbox, and of what one app brings: far more than anybody puts together. */
export const MAX_SANDBOX_APPS = 200;
export const MAX_APP_ENTRIES = 500;

/** Media types that one desktop entry opens: as many as are read of an entry. */
export const MAX_APP_TYPES = 128;

const mediaType = z.string().check(z.regex(/^[A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127}$/));
const name = z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,254}$/));

/** An app that was installed. */
const appSchema = z.object({
  /** Its AppStream id, or the name of its package. */
  id: name,
  /** As people call it. */
  name: z.string().check(z.maxLength(256)),
  /** Where it comes from: a package of the archive, or a file that is kept in the sandbox's folder. */
  source: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("archive"), package: name }),
    z.object({ kind: z.literal("file"), package: name, file: name }),
  ]),
  version: z.string().check(z.maxLength(128)),
  /** Its desktop entries in the guest, the one that is meant by its id first. */
  entries: z.array(name).check(z.maxLength(MAX_APP_ENTRIES)),
  /** What it has for the command line, when it has no desktop entry. */
  commands: z.array(name).check(z.maxLength(MAX_APP_ENTRIES)),
});
export type InstalledApp = z.infer<typeof appSchema>;

/** A root that apps were installed into: a base, and a layer with all of them. */
const appSystemSchema = z.object({
  kind: z.literal("apps"),
  release: name,
  base: storedImageSchema,
  layer: storedImageSchema,
  apps: z.array(appSchema).check(z.minLength(1), z.maxLength(MAX_SANDBOX_APPS)),
  /** Packages that are only recommended were installed too. */
  recommends: z.boolean(),
  /** Names the state of the archive with which this was last compared. */
  archive: z.string(),
  /** Milliseconds since 1970. */
  builtAt: z.number(),
});
export type AppSystem = z.infer<typeof appSystemSchema>;

export const configSchema = z.object({
  format: z.literal(CONFIG_FORMAT),
  name: z.string(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  colour: z.enum(COLOUR_NAMES),
  /** What it may reach. */
  network: policySchema,
  /** What its root is made of: an image by name, or apps. */
  system: z.discriminatedUnion("kind", [z.object({ kind: z.literal("image"), image: z.string() }), appSystemSchema]),
  /** What its apps were before the last change, to go back to; null: there is nothing to go back to. */
  previous: z.nullable(appSystemSchema),
  /** Media types that its desktop entries open on the user's desktop; none when absent. */
  opens: z.optional(
    z
      .array(z.object({ entry: name, types: z.array(mediaType).check(z.maxLength(MAX_APP_TYPES)) }))
      .check(z.maxLength(MAX_APP_ENTRIES)),
  ),
});
export type SandboxConfig = z.infer<typeof configSchema>;

const CONFIG_FILE = "sandbox.json";

/** The folder of the sandbox `name`; it need not exist. */
export function configDirectory(name: string, environment: Environment = process.env): string {
  return join(sandboxesDirectory(environment), checkSandboxName(name));
}

/** The sandbox `name`; undefined when there is none. Throws "corrupt", or "unavailable" when a newer version wrote it. */
export function findConfig(name: string, environment: Environment = process.env): SandboxConfig | undefined {
  const file = join(configDirectory(name, environment), CONFIG_FILE);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return parseConfig(name, file, text);
}

/** The same; throws "not-found" when there is none. */
export function readConfig(name: string, environment: Environment = process.env): SandboxConfig {
  const config = findConfig(name, environment);
  if (config !== undefined) return config;
  const known = configNames(environment);
  throw new VitrineError("not-found", `Cannot find sandbox "${name}": no sandbox of that name was made`, {
    fix: known.length === 0 ? "vitrine create makes one" : `one of: ${known.join(", ")}`,
  });
}

/** The names of all sandboxes that were made, in order; not all of them need be readable. */
export function configNames(environment: Environment = process.env): string[] {
  return readdirSync(sandboxesDirectory(environment), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.includes("."))
    .map((entry) => entry.name)
    .sort();
}

/**
 * Makes the folder of a new sandbox: `fill` puts what belongs in it beside the configuration. Only for the holder of the
 * lock. Throws "already-exists".
 */
export function createConfig(
  config: SandboxConfig,
  fill: (directory: string) => void,
  environment: Environment = process.env,
): void {
  const directory = configDirectory(config.name, environment);
  if (existsSync(directory)) {
    throw new VitrineError("already-exists", `Cannot make sandbox "${config.name}": there is one of that name`, {
      fix: `choose another name, or vitrine remove ${config.name}`,
    });
  }
  const unfinished = `${directory}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  try {
    fill(unfinished);
    writeDurably(join(unfinished, CONFIG_FILE), serialise(config));
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
  syncToDisk(sandboxesDirectory(environment));
}

/**
 * Puts the folder at `made`, on the same file system, in the place of the sandbox's: with all that is in it, and `config`
 * added. What was there before is at `made` afterwards. Only for the holder of the lock.
 */
export function placeSandbox(config: SandboxConfig, made: string, environment: Environment = process.env): void {
  const directory = configDirectory(config.name, environment);
  writeDurably(join(made, CONFIG_FILE), serialise(config));
  if (existsSync(directory)) exchangePaths(made, directory);
  else renameSync(made, directory);
  syncToDisk(sandboxesDirectory(environment));
}

/** Gives a sandbox another name, which nobody may have. Only for the holder of both locks, when it does not run. */
export function renameConfig(name: string, to: string, environment: Environment = process.env): SandboxConfig {
  const config = { ...readConfig(name, environment), name: to };
  renameSync(configDirectory(name, environment), configDirectory(to, environment));
  syncToDisk(sandboxesDirectory(environment));
  writeConfig(config, environment);
  return config;
}

/** Replaces the configuration of a sandbox. Only for the holder of the lock. */
export function writeConfig(config: SandboxConfig, environment: Environment = process.env): void {
  writeDurably(join(configDirectory(config.name, environment), CONFIG_FILE), serialise(config));
}

/** Removes a sandbox with all that is in its folder. Only for the holder of the lock, when it does not run. */
export function removeConfig(name: string, environment: Environment = process.env): void {
  const directory = configDirectory(name, environment);
  const removed = `${directory}.removed`;
  rmSync(removed, { recursive: true, force: true });
  renameSync(directory, removed);
  syncToDisk(sandboxesDirectory(environment));
  rmSync(removed, { recursive: true, force: true });
}

/** How often to start again when the lock goes away while it is being taken. */
const LOCK_ATTEMPTS = 16;

/** Ownership of a sandbox's configuration, until it is disposed of or its holder ends. */
export interface ConfigLock extends Disposable {
  /** Removes the lock with what it was for. */
  remove(): void;
}

/**
 * The lock under which a sandbox is made, changed or removed. Throws "unavailable" at
 * once when another process changes it: that may take minutes.
 */
export function lockConfig(name: string, environment: Environment = process.env): ConfigLock {
  const path = `${configDirectory(name, environment)}.lock`;
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    const fd = openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
    const locked = tryLock(fd);
    // The last holder may have removed this very file after it was opened here: what is locked is then no lock any more.
    if (locked && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd.raw).ino) {
      return { remove: () => rmSync(path, { force: true }), [Symbol.dispose]: () => fd.close() };
    }
    fd.close();
    if (!locked) break;
  }
  throw new VitrineError("unavailable", `Cannot change sandbox "${name}": another command is changing it`, {
    fix: "try again when that has ended",
  });
}

function parseConfig(name: string, file: string, text: string): SandboxConfig {
  const damaged = (cause?: unknown) =>
    new VitrineError("corrupt", `Cannot read sandbox "${name}": "${file}" is damaged`, {
      cause,
      fix: `restore it from a backup, or vitrine remove ${name}`,
    });
  if (text.length > MAX_CONFIG_CHARS) throw damaged();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(cause);
  }
  const format = z.object({ format: z.int() }).safeParse(value);
  if (format.success && format.data.format > CONFIG_FORMAT) {
    throw new VitrineError(
      "unavailable",
      `Cannot read sandbox "${name}": its configuration has format "${format.data.format}", this version of Vitrine knows ${CONFIG_FORMAT}`,
      { fix: "use the version of Vitrine that wrote it, or a newer one" },
    );
  }
  const config = configSchema.safeParse(value);
  if (!config.success) throw damaged(config.error);
  // The folder's name is the one that counts: so a sandbox is renamed in one step.
  return { ...config.data, name };
}

function serialise(config: SandboxConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}
