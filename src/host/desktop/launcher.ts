/**
 * The launcher of a guest's app on the host: a desktop entry whose every command is ours. Its id is the application id of
 * the app's windows, so that desktops know them to belong together. Specification: Desktop Entry Specification 1.5.
 */
import { VitrineError } from "../../base/error.ts";
import { hostAppId } from "../display/identity.ts";
import type { DesktopEntry, Translated } from "./desktop-entry.ts";

export interface LauncherSpec {
  readonly sandbox: string;
  /** What the app calls its windows in the guest. */
  readonly guestAppId: string;
  readonly entry: DesktopEntry;
  /** Program and arguments that start the app, or one of its actions: ["/usr/bin/vitrine", "run", ...]. */
  readonly command: (action: string | undefined) => readonly string[];
  /** Program and arguments that start the app so that nothing of it stays: ["/usr/bin/vitrine", "try", ...]. */
  readonly trial: readonly string[];
  /** Name of the icon in the host's theme. */
  readonly icon: string;
  /** Types that the user lets it open, of those it can open. */
  readonly mimeTypes: readonly string[];
  /** Follows each name, to tell the same app of several sandboxes apart: "work". */
  readonly suffix?: string | undefined;
}

/** Field codes by what an app takes. */
const FIELD_CODES = { nothing: undefined, file: "%f", files: "%F", url: "%u", urls: "%U" } as const;
/** The action of ours in the app's menu of shortcuts; an app's own of that name is left out. */
const TRIAL_ACTION = "vitrine-try";
const TRIAL_NAME = "Open, and keep nothing";
/** Files of Vitrine's launchers are told by this key, and by their names. */
export const SANDBOX_KEY = "X-Vitrine-Sandbox";

/** The launcher's id: the windows' application id; its file has ".desktop" behind it. */
export function launcherId(sandbox: string, guestAppId: string): string {
  return hostAppId(sandbox, guestAppId);
}

/** The text of the launcher. */
export function formatLauncher(spec: LauncherSpec): string {
  const { entry, sandbox, suffix, command, trial } = spec;
  const id = launcherId(sandbox, spec.guestAppId);
  const named = (name: string): string => (suffix === undefined ? name : `${name} (${suffix})`);
  const mimeTypes = spec.mimeTypes.filter((type) => entry.mimeTypes.includes(type));
  const actions = entry.actions.filter((action) => action.id !== TRIAL_ACTION);
  const lines = [
    "[Desktop Entry]",
    "Type=Application",
    ...translated("Name", entry.name, (name) => escapeValue(named(name))),
    ...translated("GenericName", entry.genericName, escapeValue),
    ...translated("Comment", entry.comment, escapeValue),
    ...translated("Keywords", entry.keywords, listValue),
    `Exec=${execLine(command(undefined), FIELD_CODES[entry.accepts])}`,
    `Icon=${spec.icon}`,
    `StartupWMClass=${id}`,
    ...(entry.terminal ? ["Terminal=true"] : []),
    ...(entry.categories.length > 0 ? [`Categories=${listValue(entry.categories)}`] : []),
    ...(mimeTypes.length > 0 ? [`MimeType=${listValue(mimeTypes)}`] : []),
    ...[...entry.hints].map(([key, value]) => `${key}=${value}`),
    `Actions=${listValue([...actions.map((action) => action.id), TRIAL_ACTION])}`,
    `${SANDBOX_KEY}=${sandbox}`,
  ];
  for (const action of actions) {
    lines.push(
      "",
      `[Desktop Action ${action.id}]`,
      ...translated("Name", action.name, escapeValue),
      `Exec=${execLine(command(action.id), undefined)}`,
    );
  }
  lines.push("", `[Desktop Action ${TRIAL_ACTION}]`, `Name=${TRIAL_NAME}`, `Exec=${execLine(trial, undefined)}`);
  return `${lines.join("\n")}\n`;
}

function* translated<T>(key: string, values: Translated<T>, write: (value: T) => string): Generator<string> {
  for (const [locale, value] of values) yield `${key}${locale === "" ? "" : `[${locale}]`}=${write(value)}`;
}

/** A command line: each argument quoted where it must be, percent signs doubled, then escaped as every value is. */
function execLine(command: readonly string[], fieldCode: string | undefined): string {
  const program = command[0] ?? "";
  if (program === "" || program.includes("=")) {
    throw new VitrineError("invalid-argument", `Cannot write a launcher: "${program}" cannot be a program in it`);
  }
  const words = command.map(quoteArgument);
  return [...words, ...(fieldCode === undefined ? [] : [fieldCode])].join(" ");
}

/** One argument as Exec has it; the value's own escapes (a backslash is two) on top. */
function quoteArgument(argument: string): string {
  if (/\p{Cc}/u.test(argument)) {
    throw new VitrineError("invalid-argument", "Cannot write a launcher: an argument has a control character");
  }
  const doubled = argument.replaceAll("%", "%%");
  if (/^[A-Za-z0-9@%+:,./_-]+$/.test(doubled)) return doubled;
  return `"${doubled.replace(/["`$\\]/g, "\\$&")}"`.replaceAll("\\", "\\\\");
}

function listValue(values: readonly string[]): string {
  return values.map((value) => `${escapeValue(value).replaceAll(";", "\\;")};`).join("");
}

/** A text as a value: a leading blank would be lost, and a backslash begins an escape. */
function escapeValue(value: string): string {
  return value
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("\r", "\\r")
    .replace(/^ /, "\\s");
}
