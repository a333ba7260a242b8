import { describe, expect, test } from "bun:test";
import { parseSettings, sessionEnvironment } from "./session-environment.ts";

/** As gdbus prints what xdg-desktop-portal answers. */
const ANSWER = `({'org.freedesktop.appearance': {'color-scheme': <uint32 1>, 'contrast': <uint32 0>}, 'org.gnome.desktop.interface': {'cursor-size': <48>, 'cursor-theme': <'Yaru'>, 'font-name': <'Cantarell 11'>}},)\n`;

describe("the settings of a desktop", () => {
  test("are what it says", () => {
    expect(parseSettings(ANSWER)).toEqual({ dark: true, cursorSize: "48", cursorTheme: "Yaru" });
    expect(parseSettings(ANSWER.replace("<uint32 1>", "<uint32 2>")).dark).toBe(false);
  });

  test("that are not there, or make no sense, are none", () => {
    const none = { dark: false, cursorSize: undefined, cursorTheme: undefined };
    expect(parseSettings("")).toEqual(none);
    expect(parseSettings("{'cursor-size': <0>, 'cursor-theme': <'../x'>}")).toEqual(none);
    expect(parseSettings("{'cursor-size': <9999>}")).toEqual(none);
  });
});

describe("a session", () => {
  test("tells apps its language and cursor", async () => {
    const environment = {
      LANG: "en_US.UTF-8",
      LC_MESSAGES: "de_DE.UTF-8",
      LANGUAGE: "de:fr",
      XCURSOR_SIZE: "32",
      TZ: "Asia/Tokyo",
    };
    expect(await sessionEnvironment(environment)).toEqual({
      LANG: "de_DE.UTF-8",
      LANGUAGE: "de:fr",
      TZ: "Asia/Tokyo",
      XCURSOR_SIZE: "32",
    });
    expect((await sessionEnvironment({ ...environment, LC_ALL: "fr_FR.UTF-8" })).LANG).toBe("fr_FR.UTF-8");
  });

  test("without any says nothing but the zone", async () => {
    expect(Object.keys(await sessionEnvironment({})).filter((name) => name !== "TZ")).toEqual([]);
  });
});
