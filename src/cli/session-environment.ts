/** What the guest's processes get of the user's session: language, time zone, light or dark, and the cursor. */
import { execFile } from "node:child_process";
import { readlinkSync } from "node:fs";
import { promisify } from "node:util";
import type { Environment } from "../host/sandbox/directories.ts";

/** How long a desktop may take to tell its settings, in milliseconds; it takes a hundredth of a second. */
export const SETTINGS_DEADLINE_MS = 1000;
/** Pixels of a cursor that are passed on. */
export const MAX_CURSOR_PIXELS = 512;

const THEME_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/;
/** Of XDG's portal for settings: where every desktop tells the same. */
const SETTINGS_CALL = [
  "call",
  "--session",
  "--timeout=1",
  "--dest=org.freedesktop.portal.Desktop",
  "--object-path=/org/freedesktop/portal/desktop",
  "--method=org.freedesktop.portal.Settings.ReadAll",
  "['org.freedesktop.appearance', 'org.gnome.desktop.interface']",
];

/** Variables of a session that apps understand; the agent makes files of what they read from files. */
export async function sessionEnvironment(environment: Environment): Promise<Record<string, string>> {
  const settings = parseSettings(await readSettings(environment));
  const entries = {
    LANG: environment.LC_ALL || environment.LC_MESSAGES || environment.LANG,
    LANGUAGE: environment.LANGUAGE,
    TZ: environment.TZ ?? systemTimeZone(),
    XCURSOR_SIZE: cursorSize(environment.XCURSOR_SIZE) ?? settings.cursorSize,
    XCURSOR_THEME: environment.XCURSOR_THEME ?? settings.cursorTheme,
    // What libadwaita asks first; what others ask is not there for a guest.
    ADW_DEBUG_COLOR_SCHEME: settings.dark ? "prefer-dark" : undefined,
  };
  return Object.fromEntries(Object.entries(entries).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

export interface SessionSettings {
  readonly dark: boolean;
  readonly cursorSize: string | undefined;
  readonly cursorTheme: string | undefined;
}

/** What gdbus prints of the portal's answer; "" when there is none. */
export function parseSettings(text: string): SessionSettings {
  const theme = /'cursor-theme': <'([^']*)'>/.exec(text)?.[1];
  return {
    dark: /'color-scheme': <uint32 1>/.test(text),
    cursorSize: cursorSize(/'cursor-size': <(\d{1,4})>/.exec(text)?.[1]),
    cursorTheme: theme !== undefined && THEME_NAME.test(theme) ? theme : undefined,
  };
}

async function readSettings(environment: Environment): Promise<string> {
  if (environment.DBUS_SESSION_BUS_ADDRESS === undefined && environment.XDG_RUNTIME_DIR === undefined) return "";
  try {
    const options = { env: { ...environment }, timeout: SETTINGS_DEADLINE_MS };
    return (await promisify(execFile)("gdbus", SETTINGS_CALL, options)).stdout;
  } catch {
    return ""; // No portal, or no gdbus: then nothing is known, and apps look as they do by themselves.
  }
}

function cursorSize(text: string | undefined): string | undefined {
  const pixels = Number(text);
  return Number.isInteger(pixels) && pixels > 0 && pixels <= MAX_CURSOR_PIXELS ? String(pixels) : undefined;
}

/** "Europe/Berlin" when /etc/localtime is the usual link into the zone database. */
function systemTimeZone(): string | undefined {
  try {
    return /zoneinfo\/(.+)$/.exec(readlinkSync("/etc/localtime"))?.[1];
  } catch {
    return undefined;
  }
}
