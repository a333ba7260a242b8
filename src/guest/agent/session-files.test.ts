import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Looks, PLAIN_LOOKS } from "../../channel/contract/agent.ts";
import { looksEnvironment } from "./looks.ts";
import { adoptSession } from "./session-files.ts";

const LOOKS: Looks = {
  dark: true,
  fonts: {
    interface: { family: "Noto Sans", points: 11.5 },
    document: null,
    monospace: { family: "Fira Code", points: 10 },
  },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vitrine-root-"));
  mkdirSync(join(root, "usr/lib/locale/C.utf8"), { recursive: true });
  mkdirSync(join(root, "etc"));
});
afterEach(() => rmSync(root, { recursive: true }));

const locales = () => readdirSync(join(root, "usr/lib/locale")).sort();

describe("the user's language", () => {
  test.each([
    ["de_DE.UTF-8", "de_DE.utf8"],
    ["eo.utf8", "eo.utf8"],
    ["sr_RS.UTF-8@latin", "sr_RS.utf8@latin"],
  ])("%s has a locale", (wanted, name) => {
    adoptSession(root, { LANG: wanted }, PLAIN_LOOKS);
    expect(locales()).toEqual(["C.utf8", name]);
    expect(readlinkSync(join(root, "usr/lib/locale", name))).toBe("C.utf8");
  });

  test("of every part that has another one is there", () => {
    adoptSession(
      root,
      { LANG: "en_US.UTF-8", LC_NUMERIC: "de_DE.UTF-8", LC_TIME: "C", TZ: "fr_FR.UTF-8" },
      PLAIN_LOOKS,
    );
    expect(locales()).toEqual(["C.utf8", "de_DE.utf8", "en_US.utf8"]);
  });

  test.each(["C.UTF-8", "C", "", "de_DE", "de_DE.ISO-8859-1", "../../x.UTF-8", "de/DE.UTF-8"])(
    "%s makes none",
    (wanted) => {
      adoptSession(root, { LANG: wanted }, PLAIN_LOOKS);
      expect(locales()).toEqual(["C.utf8"]);
    },
  );

  test("that the root has is left alone, and so is a root without any", () => {
    mkdirSync(join(root, "usr/lib/locale/de_DE.utf8"));
    adoptSession(root, { LANG: "de_DE.UTF-8" }, PLAIN_LOOKS);
    expect(existsSync(join(root, "usr/lib/locale/de_DE.utf8/C.utf8"))).toBe(false);
    rmSync(join(root, "usr/lib"), { recursive: true });
    adoptSession(root, { LANG: "de_DE.UTF-8" }, PLAIN_LOOKS);
    expect(readdirSync(join(root, "usr"))).toEqual([]);
  });
});

describe("the user's looks", () => {
  const settings = () => readFileSync(join(root, "etc/gtk-3.0/settings.ini"), "utf8");

  test("are where GTK looks for them", () => {
    adoptSession(root, { XCURSOR_SIZE: "48", XCURSOR_THEME: "Adwaita" }, LOOKS);
    expect(settings()).toBe(
      "[Settings]\ngtk-application-prefer-dark-theme=1\ngtk-font-name=Noto Sans 11.5\ngtk-cursor-theme-size=48\ngtk-cursor-theme-name=Adwaita\n",
    );
    expect(existsSync(join(root, "etc/gtk-4.0/settings.ini"))).toBe(true);
    expect(readFileSync(join(root, "etc/glib-2.0/settings/defaults"), "utf8")).toBe(
      "[org/gnome/desktop/interface]\ncolor-scheme='prefer-dark'\nfont-name='Noto Sans 11.5'\n" +
        "monospace-font-name='Fira Code 10'\ncursor-theme='Adwaita'\ncursor-size=48\n",
    );
  });

  test("are where Qt looks for them", () => {
    adoptSession(root, {}, LOOKS);
    const file = readFileSync(join(root, "etc/xdg/kdeglobals"), "utf8");
    expect(file).toStartWith(
      "[General]\nColorScheme=BreezeDark\nfont=Noto Sans,11.5,-1,5,50,0,0,0,0,0\nfixed=Fira Code,10,-1,5,50,0,0,0,0,0\n",
    );
    expect(file).toContain("\n[Colors:Window]\nBackgroundNormal=32,35,38\n");
    expect(looksEnvironment(LOOKS)).toMatchObject({
      QT_QPA_PLATFORMTHEME: "kde",
      ADW_DEBUG_COLOR_SCHEME: "prefer-dark",
    });
    expect(looksEnvironment(PLAIN_LOOKS)).toEqual({});
  });

  test("need no file when they are as usual, and replace none", () => {
    adoptSession(root, { LANG: "C" }, PLAIN_LOOKS);
    expect(readdirSync(join(root, "etc"))).toEqual([]);
    mkdirSync(join(root, "etc/gtk-3.0"));
    writeFileSync(join(root, "etc/gtk-3.0/settings.ini"), "own");
    adoptSession(root, { XCURSOR_SIZE: "48" }, PLAIN_LOOKS);
    expect(settings()).toBe("own");
  });

  test("are written inside the root, whatever its links say", () => {
    rmSync(join(root, "etc"), { recursive: true });
    symlinkSync("/elsewhere", join(root, "etc"));
    mkdirSync(join(root, "elsewhere"));
    adoptSession(root, { XCURSOR_SIZE: "48" }, PLAIN_LOOKS);
    expect(existsSync(join(root, "elsewhere/gtk-3.0/settings.ini"))).toBe(true);
    expect(existsSync("/elsewhere")).toBe(false);
  });
});
