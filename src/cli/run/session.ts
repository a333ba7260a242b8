/** What the guest gets of the user's session: locales, time zone, light or dark, fonts, and the cursor. */
import { execFile } from "node:child_process";
import { readlinkSync } from "node:fs";
import { promisify } from "node:util";
import { type Font, fontSchema, type Looks } from "../../channel/contract/agent.ts";
import type { Environment } from "../../host/sandbox/directories.ts";
import { sessionLocales } from "./session-locales.ts";

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
  "['org.freedesktop.appearance', 'org.gnome.desktop.interface', 'org.kde.kdeglobals.General']",
];
/** Words at the end of a font's description that are none of its family's name. */
const STYLE_WORDS =
  /( (thin|light|book|regular|roman|medium|semi-?bold|demi-?bold|bold|heavy|black|italic|oblique|condensed))+$/i;

export interface Session {
  /** Variables that apps understand; the agent makes files of what they read from files. */
  readonly environment: Readonly<Record<string, string>>;
  readonly locales: Readonly<Record<string, string>>;
  readonly looks: Looks;
}

/** Asks the desktop; takes a hundredth of a second. */
export async function readSession(environment: Environment): Promise<Session> {
  const settings = parseSettings(await readSettings(environment));
  const locales = sessionLocales(environment);
  const entries = {
    LANGUAGE: environment.LANGUAGE,
    TZ: environment.TZ ?? systemTimeZone(),
    XCURSOR_SIZE: cursorSize(environment.XCURSOR_SIZE) ?? settings.cursorSize,
    XCURSOR_THEME: environment.XCURSOR_THEME ?? settings.cursorTheme,
  };
  const known = Object.entries(entries).flatMap(([name, value]) => (value ? [[name, value]] : []));
  return { environment: { ...locales, ...Object.fromEntries(known) }, locales, looks: settings.looks };
}

export interface SessionSettings {
  readonly looks: Looks;
  readonly cursorSize: string | undefined;
  readonly cursorTheme: string | undefined;
}

/** What gdbus prints of the portal's answer; "" when there is none. */
export function parseSettings(text: string): SessionSettings {
  const theme = /'cursor-theme': <'([^']*)'>/.exec(text)?.[1];
  const scale = Number(/'text-scaling-factor': <(\d(?:\.\d+)?)>/.exec(text)?.[1] ?? 1);
  const font = (gnome: string, kde: string): Font | null =>
    parseFont(setting(text, gnome), scale) ?? parseFont(setting(text, kde), 1);
  return {
    looks: {
      dark: /'color-scheme': <uint32 1>/.test(text),
      fonts: {
        interface: font("font-name", "font"),
        document: font("document-font-name", "font"),
        monospace: font("monospace-font-name", "fixed"),
      },
    },
    cursorSize: cursorSize(/'cursor-size': <(\d{1,4})>/.exec(text)?.[1]),
    cursorTheme: theme !== undefined && THEME_NAME.test(theme) ? theme : undefined,
  };
}

function setting(text: string, name: string): string {
  return new RegExp(`'${name}': <'([^']{1,200})'>`).exec(text)?.[1] ?? "";
}

/** "Cantarell Bold 11" as GTK writes it, "Noto Sans,10,-1,5,50,..." as Qt does; null for anything else. */
function parseFont(description: string, scale: number): Font | null {
  const [, name = "", size = ""] =
    /^([^,]+),(\d+(?:\.\d+)?),-?\d/.exec(description) ?? /^([^,]+),? +(\d+(?:\.\d+)?)$/.exec(description) ?? [];
  const family = name.trim().replace(STYLE_WORDS, "");
  const points = Math.round(Number(size) * scale * 10) / 10;
  return fontSchema.safeParse({ family, points }).data ?? null;
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
