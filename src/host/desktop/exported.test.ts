import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { taint } from "../../base/untrusted.ts";
import { png } from "../catalog/test-support.ts";
import { type DesktopEntry, parseDesktopEntry } from "./desktop-entry.ts";
import { type ExportedApp, exportApp, exportedApps, unexportApps } from "./exported.ts";
import { formatLauncher } from "./launcher.ts";
import { setDefaultApp } from "./mime-defaults.ts";

let folder: string;
let environment: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-desktop-"));
  environment = { XDG_DATA_HOME: join(folder, "data"), XDG_CONFIG_HOME: join(folder, "config"), HOME: folder };
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ENTRY = `[Desktop Entry]
Type=Application
Name=Calculator
Name[de]=Taschenrechner
Comment=Do sums
Keywords=sum;a\\;b;
Exec=calc %U
TryExec=calc
DBusActivatable=true
StartupNotify=true
Categories=GNOME;GTK;Utility;Calculator;
MimeType=text/plain;text/csv;
Actions=new;

[Desktop Action new]
Name=New window
Name[de]=Neues Fenster
Exec=calc --new
`;

function entryOf(text: string): DesktopEntry {
  return parseDesktopEntry(taint(new TextEncoder().encode(text)));
}

function app(change: Partial<ExportedApp> = {}): ExportedApp {
  return {
    sandbox: "box",
    guestAppId: "org.example.Calc",
    entry: entryOf(ENTRY),
    command: (action) => [
      "/opt/my apps/vitrine",
      "run",
      "box",
      "--app",
      "org.example.Calc",
      ...(action ? ["--action", action] : []),
      "--",
    ],
    trial: ["/opt/my apps/vitrine", "try", "--sandbox", "box", "org.example.Calc", "--"],
    mimeTypes: [],
    icons: [png(64, 64), png(128, 128)],
    color: "#3584e4",
    ...change,
  };
}

/** What desktop-file-validate says of the text; nothing when it is valid. */
function validate(text: string): string {
  const file = join(folder, "check.desktop");
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync("desktop-file-validate", ["--no-hints", file], { encoding: "utf8" });
  return status === 0 ? "" : stdout + stderr;
}

/** Every file below the folder, by its path. */
function files(): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

describe("launchers", () => {
  test("every command is ours, translations stay", () => {
    expect(formatLauncher({ ...app(), icon: "vitrine.box.org.example.Calc", suffix: "work" })).toBe(`[Desktop Entry]
Type=Application
Name=Calculator (work)
Name[de]=Taschenrechner (work)
Comment=Do sums
Keywords=sum;a\\;b;
Exec="/opt/my apps/vitrine" run box --app org.example.Calc -- %U
Icon=vitrine.box.org.example.Calc
StartupWMClass=vitrine.box.org.example.Calc
Categories=GNOME;GTK;Utility;Calculator;
StartupNotify=true
Actions=new;vitrine-try;
X-Vitrine-Sandbox=box

[Desktop Action new]
Name=New window
Name[de]=Neues Fenster
Exec="/opt/my apps/vitrine" run box --app org.example.Calc --action new --

[Desktop Action vitrine-try]
Name=Open, and keep nothing
Exec="/opt/my apps/vitrine" try --sandbox box org.example.Calc --
`);
  });

  test("the trial is ours, whatever actions the guest has", () => {
    const entry = `${ENTRY.replace("Actions=new;", "Actions=vitrine-try;new;")}\n[Desktop Action vitrine-try]\nName=Evil\n`;
    const text = formatLauncher({ ...app({ entry: entryOf(entry) }), icon: "x" });
    expect(validate(text)).toBe("");
    expect(text).toContain("Actions=new;vitrine-try;\n");
    expect(text.match(/\[Desktop Action vitrine-try\]/g)).toHaveLength(1);
    expect(text).not.toContain("Evil");
  });

  test("is valid, and so are those of the apps of this machine", () => {
    expect(validate(formatLauncher({ ...app({ mimeTypes: ["text/plain"] }), icon: "x" }))).toBe("");
    const directory = "/usr/share/applications";
    const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".desktop")) : [];
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const entry = entryOf(readFileSync(join(directory, name), "utf8"));
      const text = formatLauncher({ ...app({ entry, mimeTypes: entry.mimeTypes }), icon: "x" });
      expect([name, validate(text)]).toEqual([name, ""]);
    }
  });

  test("whatever the guest writes: valid, with no line that is not ours or on the allow-list", () => {
    const value = fc.string({ unit: "grapheme", maxLength: 30 });
    const key = fc.constantFrom(
      "Name[de]",
      "Comment",
      "Keywords",
      "Categories",
      "MimeType",
      "Actions",
      "Icon",
      "Exec",
      "StartupNotify",
      "X-Evil",
      "TryExec",
      "Terminal",
    );
    fc.assert(
      fc.property(value, fc.array(fc.tuple(key, value), { maxLength: 8 }), (name, pairs) => {
        const text = `[Desktop Entry]\nName=a${name.replaceAll("\n", "")}\n${pairs.map(([k, v]) => `${k}=${v}`).join("\n")}\n`;
        const launcher = formatLauncher({ ...app({ entry: entryOf(text), mimeTypes: ["text/plain"] }), icon: "x" });
        expect(validate(launcher)).toBe("");
        for (const line of launcher.trim().split("\n")) {
          expect(line).toMatch(/^$|^\[Desktop (Entry|Action [A-Za-z0-9-]+)\]$|^[A-Za-z-]+(\[[a-zA-Z_@]+\])?=/);
          if (line.startsWith("Exec")) expect(line).toMatch(/^Exec="\/opt\/my apps\/vitrine" (run|try --sandbox) box /);
        }
      }),
      { seed: 20261124, numRuns: 200 },
    );
  });

  test("arguments arrive as they are", () => {
    const odd = ["/usr/bin/printf", "%s|", "a b", 'q"uo`te$', "back\\slash", "100%", "semi;colon", "*"];
    const text = formatLauncher({
      ...app({ command: () => odd, entry: entryOf("[Desktop Entry]\nName=a\n") }),
      icon: "x",
    });
    expect(validate(text)).toBe("");
    // As a desktop does it: undo the value's escapes, then split words and take off their quotes, then field codes.
    const line = (/^Exec=(.*)$/m.exec(text)?.[1] ?? "").replaceAll("\\\\", "\\");
    const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) =>
      (quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "").replaceAll("%%", "%"),
    );
    expect(words).toEqual(odd);
    expect(() => formatLauncher({ ...app({ command: () => ["a=b"] }), icon: "x" })).toThrow("cannot be a program");
    expect(() => formatLauncher({ ...app({ command: () => ["a", "b\nExec=evil"] }), icon: "x" })).toThrow(
      "control character",
    );
  });
});

describe("exporting", () => {
  test("writes launcher and icons, named for the windows; removing leaves no trace", () => {
    expect(exportApp(app(), environment)).toBe("vitrine.box.org.example.Calc");
    expect(files()).toEqual([
      "data/applications/vitrine.box.org.example.Calc.desktop",
      "data/icons/hicolor/128x128/apps/vitrine.box.org.example.Calc.png",
      "data/icons/hicolor/64x64/apps/vitrine.box.org.example.Calc.png",
    ]);
    expect(exportedApps("box", environment)).toEqual(["vitrine.box.org.example.Calc"]);
    expect(unexportApps("box", "org.example.Calc", environment)).toEqual(["vitrine.box.org.example.Calc"]);
    expect(files()).toEqual([]);
    expect(unexportApps("box", undefined, environment)).toEqual([]);
  });

  test("a sandbox goes with all its apps, and takes no other's", () => {
    exportApp(app(), environment);
    exportApp(app({ guestAppId: "other" }), environment);
    exportApp(app({ sandbox: "box-2" }), environment);
    writeFileSync(join(folder, "data/applications/vitrine.boxer.desktop"), "the user's own");
    expect(unexportApps("box", undefined, environment).sort()).toEqual([
      "vitrine.box.org.example.Calc",
      "vitrine.box.other",
    ]);
    expect(readdirSync(join(folder, "data/applications")).sort()).toEqual([
      "vitrine.box-2.org.example.Calc.desktop",
      "vitrine.boxer.desktop",
    ]);
    expect(() => unexportApps("../..", undefined, environment)).toThrow("as the name of a sandbox");
  });

  test("types only where the user asked for them; when the app goes its defaults go too", () => {
    const config = join(folder, "config/mimeapps.list");
    mkdirSync(join(folder, "config"));
    writeFileSync(
      config,
      "# mine\n[Default Applications]\ntext/plain=editor.desktop;\n\n[Added Associations]\nimage/png=viewer.desktop\n",
    );
    const id = exportApp(app({ mimeTypes: ["text/csv", "application/x-evil"] }), environment);
    const launcher = join(folder, `data/applications/${id}.desktop`);
    expect(readFileSync(launcher, "utf8")).toContain("\nMimeType=text/csv;\n");
    setDefaultApp(id, ["text/csv", "text/plain"], environment);
    setDefaultApp(id, ["text/csv"], environment);
    expect(readFileSync(config, "utf8")).toBe(
      `# mine\n[Default Applications]\ntext/csv=${id}.desktop;\ntext/plain=${id}.desktop;editor.desktop;\n\n[Added Associations]\nimage/png=viewer.desktop\n`,
    );
    unexportApps("box", undefined, environment);
    expect(readFileSync(config, "utf8")).toBe(
      "# mine\n[Default Applications]\ntext/plain=editor.desktop;\n\n[Added Associations]\nimage/png=viewer.desktop\n",
    );
    const cache = join(folder, "data/applications/mimeinfo.cache");
    if (existsSync(cache)) expect(readFileSync(cache, "utf8")).not.toContain("vitrine");
  });

  test("written again it is brought up to date; unusable icons leave the generic one", () => {
    exportApp(app(), environment);
    const id = exportApp(app({ icons: [Buffer.from("no picture"), png(65, 65), png(64, 32)] }), environment);
    expect(files()).toEqual([`data/applications/${id}.desktop`]);
    expect(readFileSync(join(folder, files()[0] ?? ""), "utf8")).toContain("\nIcon=application-x-executable\n");
  });
});
