import { describe, expect, test } from "bun:test";
import { parseSettings, readSession } from "./session.ts";
import { languageOf, localesToGive, sessionLocales } from "./session-locales.ts";

/** As gdbus prints what xdg-desktop-portal answers. */
const GNOME = `({'org.freedesktop.appearance': {'color-scheme': <uint32 1>, 'contrast': <uint32 0>}, 'org.gnome.desktop.interface': {'cursor-size': <48>, 'cursor-theme': <'Yaru'>, 'document-font-name': <'Sans 11'>, 'font-name': <'Ubuntu Sans Semi-Bold 11'>, 'monospace-font-name': <'Exo 2 10.5'>}},)\n`;
const KDE = `({'org.freedesktop.appearance': {'color-scheme': <uint32 2>}, 'org.kde.kdeglobals.General': {'fixed': <'Hack,10,-1,5,50,0,0,0,0,0'>, 'font': <'Noto Sans,10,-1,5,400,0,0,0,0,0,0,0,0,0,0,1'>}},)\n`;
const NO_FONTS = { interface: null, document: null, monospace: null };

describe("the settings of a desktop", () => {
  test("are what it says", () => {
    expect(parseSettings(GNOME)).toEqual({
      looks: {
        dark: true,
        fonts: {
          interface: { family: "Ubuntu Sans", points: 11 },
          document: { family: "Sans", points: 11 },
          monospace: { family: "Exo 2", points: 10.5 },
        },
      },
      cursorSize: "48",
      cursorTheme: "Yaru",
    });
    expect(parseSettings(KDE).looks).toEqual({
      dark: false,
      fonts: {
        interface: { family: "Noto Sans", points: 10 },
        document: { family: "Noto Sans", points: 10 },
        monospace: { family: "Hack", points: 10 },
      },
    });
  });

  test("with larger text have larger fonts", () => {
    const larger = GNOME.replace("'cursor-size'", "'text-scaling-factor': <1.25>, 'cursor-size'");
    expect(parseSettings(larger).looks.fonts.interface?.points).toBe(13.8);
  });

  test("that are not there, or make no sense, are none", () => {
    const none = { looks: { dark: false, fonts: NO_FONTS }, cursorSize: undefined, cursorTheme: undefined };
    expect(parseSettings("")).toEqual(none);
    expect(parseSettings("{'cursor-size': <0>, 'cursor-theme': <'../x'>}")).toEqual(none);
    expect(parseSettings("{'cursor-size': <9999>, 'font-name': <'Sans 1000'>}")).toEqual(none);
    expect(parseSettings(`{'font-name': <"it's 11">, 'monospace-font-name': <'a\n[b] 11'>}`)).toEqual(none);
  });
});

describe("a session", () => {
  test("tells apps its language and cursor", async () => {
    const environment = {
      LANG: "en_US.UTF-8",
      LC_MESSAGES: "de_DE.UTF-8",
      LC_ALL: "fr_FR.UTF-8",
      LANGUAGE: "de:fr",
      XCURSOR_SIZE: "32",
      TZ: "Asia/Tokyo",
    };
    expect((await readSession(environment)).environment).toEqual({
      LANG: "fr_FR.UTF-8",
      LANGUAGE: "de:fr",
      TZ: "Asia/Tokyo",
      XCURSOR_SIZE: "32",
    });
  });

  test("without any says nothing but the zone", async () => {
    const { environment, looks } = await readSession({});
    expect(Object.keys(environment).filter((name) => name !== "TZ")).toEqual([]);
    expect(looks).toEqual({ dark: false, fonts: NO_FONTS });
  });
});

describe("locales", () => {
  test("name what is of another one than the language", () => {
    const locales = sessionLocales({ LANG: "en_US.UTF-8", LC_NUMERIC: "de_DE.UTF-8", LC_TIME: "de_DE.UTF-8" });
    expect(locales).toEqual({ LANG: "en_US.UTF-8", LC_NUMERIC: "de_DE.UTF-8", LC_TIME: "de_DE.UTF-8" });
    expect(localesToGive(locales)).toEqual(["en_US.UTF-8", "de_DE.UTF-8"]);
  });

  test("with a language of their own leave the rest as it was", () => {
    const { LANG, LC_NUMERIC, LC_MESSAGES } = sessionLocales({ LANG: "en_GB.UTF-8", LC_MESSAGES: "de_DE.UTF-8" });
    expect([LANG, LC_NUMERIC, LC_MESSAGES]).toEqual(["de_DE.UTF-8", "en_GB.UTF-8", undefined]);
  });

  test.each([
    ["de_DE", "de_DE.UTF-8"],
    ["de_DE@euro", "de_DE.UTF-8"],
    ["sr_RS.utf8@latin", "sr_RS.UTF-8@latin"],
    ["ja_JP.eucJP", "ja_JP.UTF-8"],
    ["POSIX", "C.UTF-8"],
    ["C.utf8", "C.UTF-8"],
    ["../../x", undefined],
    ["", undefined],
  ])("%s", (name, expected) => expect(sessionLocales({ LANG: name }).LANG).toBe(expected as string));

  test("have a language, or none", () => {
    expect(["de_AT.UTF-8", "eo.UTF-8", "C.UTF-8", undefined].map(languageOf)).toEqual([
      "de",
      "eo",
      undefined,
      undefined,
    ]);
    expect(localesToGive({ LANG: "C.UTF-8" })).toEqual([]);
  });
});
