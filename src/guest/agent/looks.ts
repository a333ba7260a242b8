/** How the user's desktop looks, in the forms in which toolkits take it. Pure: text out, nothing written. */
import type { Font, Looks } from "../../channel/contract/agent.ts";

export interface Cursor {
  readonly theme: string | undefined;
  readonly size: string | undefined;
}

/** Variables by which apps find the rest. */
export function looksEnvironment(looks: Looks): Record<string, string> {
  return {
    // What libadwaita asks first; what others ask is not there for a guest.
    ...(looks.dark ? { ADW_DEBUG_COLOR_SCHEME: "prefer-dark" } : {}),
    // Every Qt has this theme built in, and the one of GNOME takes its colours from nowhere but a portal.
    ...(kdeGlobals(looks) === undefined ? {} : { QT_QPA_PLATFORMTHEME: "kde", KDE_SESSION_VERSION: "6" }),
  };
}

/** settings.ini of GTK; undefined when there is nothing to say, here and below. */
export function gtkSettings({ dark, fonts }: Looks, cursor: Cursor): string | undefined {
  return section("Settings", [
    ["gtk-application-prefer-dark-theme", dark ? "1" : undefined],
    ["gtk-font-name", pangoFont(fonts.interface)],
    ["gtk-cursor-theme-size", cursor.size],
    ["gtk-cursor-theme-name", cursor.theme],
  ]);
}

/** Defaults for GSettings, which GTK believes more than its own file where an app has GNOME's schemas. */
export function settingsDefaults({ dark, fonts }: Looks, cursor: Cursor): string | undefined {
  return section("org/gnome/desktop/interface", [
    ["color-scheme", quoted(dark ? "prefer-dark" : undefined)],
    ["font-name", quoted(pangoFont(fonts.interface))],
    ["document-font-name", quoted(pangoFont(fonts.document))],
    ["monospace-font-name", quoted(pangoFont(fonts.monospace))],
    ["cursor-theme", quoted(cursor.theme)],
    ["cursor-size", cursor.size],
  ]);
}

/** kdeglobals, which Qt's theme for KDE and KDE's apps read. */
export function kdeGlobals({ dark, fonts }: Looks): string | undefined {
  const general = section("General", [
    ["ColorScheme", dark ? "BreezeDark" : undefined],
    ["font", qtFont(fonts.interface)],
    ["fixed", qtFont(fonts.monospace)],
  ]);
  if (general === undefined || !dark) return general;
  const icons = section("Icons", [["Theme", "breeze-dark"]]);
  return [
    general,
    icons,
    ...Object.entries(BREEZE_DARK).map(([name, colours]) => section(`Colors:${name}`, colours)),
  ].join("\n");
}

/** Of KDE's Breeze Dark, what Qt's theme takes. */
const BREEZE_DARK: Readonly<Record<string, [string, string][]>> = {
  Window: colours("32,35,38", "252,252,252"),
  View: [
    ...colours("20,22,24", "252,252,252"),
    ["BackgroundAlternate", "29,31,34"],
    ["ForegroundLink", "29,153,243"],
    ["ForegroundVisited", "155,89,182"],
  ],
  Button: colours("41,44,48", "252,252,252"),
  Selection: colours("61,174,233", "252,252,252"),
  Tooltip: colours("41,44,48", "252,252,252"),
};

function colours(background: string, foreground: string): [string, string][] {
  return [
    ["BackgroundNormal", background],
    ["ForegroundNormal", foreground],
  ];
}

function section(name: string, entries: readonly (readonly [string, string | undefined])[]): string | undefined {
  const lines = entries.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`]));
  return lines.length === 0 ? undefined : `[${name}]\n${lines.join("")}`;
}

function pangoFont(font: Font | null): string | undefined {
  return font === null ? undefined : `${font.family} ${font.points}`;
}

function qtFont(font: Font | null): string | undefined {
  return font === null ? undefined : `${font.family},${font.points},-1,5,50,0,0,0,0,0`;
}

/** A string of GVariant. None that comes here has a quote in it. */
function quoted(value: string | undefined): string | undefined {
  return value === undefined ? undefined : `'${value}'`;
}
