import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VitrineError } from "../../base/error.ts";
import { taint } from "../../base/untrusted.ts";
import { type DesktopEntry, MAX_ENTRY_BYTES, MAX_VALUE_CHARS, parseDesktopEntry } from "./desktop-entry.ts";

const CALCULATOR_ENTRY = `# A comment
[Desktop Entry]
Type=Application
Version=1.0
Name=Calculator
Name[de]=Taschenrechner
Name[sr@latin]=Kalkulator
Name[pt_BR.UTF-8]=Calculadora
GenericName=Sums
Comment=Do sums\\nquickly
Keywords=sum;a\\;b;
Keywords[de]=Summe;
TryExec=/usr/bin/calc
Exec=env FOO=1 calc --new-window %U
Icon=org.example.Calc
Terminal=false
StartupNotify=true
DBusActivatable=true
Categories=GNOME;GTK;Utility;Calculator;NotRegistered;
MimeType=text/plain;x-scheme-handler/calc;nonsense;
Actions=new;bad action;missing;
X-Evil=\`touch /tmp/x\`
NotShowIn=KDE;

[Desktop Action new]
Name=New <b>window</b>
Name[de]=Neues Fenster
Exec=calc --new
Icon=/etc/passwd

[X-Other Group]
Name=Other
`;

function parse(text: string): DesktopEntry {
  return parseDesktopEntry(taint(new TextEncoder().encode(text)));
}

describe("reading a guest's desktop entry", () => {
  test("what is allowed, and nothing else", () => {
    expect(parse(CALCULATOR_ENTRY)).toEqual({
      name: new Map([
        ["", "Calculator"],
        ["de", "Taschenrechner"],
        ["sr@latin", "Kalkulator"],
        ["pt_BR", "Calculadora"],
      ]),
      genericName: new Map([["", "Sums"]]),
      comment: new Map([["", "Do sums quickly"]]),
      keywords: new Map([
        ["", ["sum", "a;b"]],
        ["de", ["Summe"]],
      ]),
      categories: ["GNOME", "GTK", "Utility", "Calculator"],
      mimeTypes: ["text/plain", "x-scheme-handler/calc"],
      actions: [
        {
          id: "new",
          name: new Map([
            ["", "New <b>window</b>"],
            ["de", "Neues Fenster"],
          ]),
        },
      ],
      icon: "org.example.Calc",
      accepts: "urls",
      terminal: false,
      shown: true,
      hints: new Map([["StartupNotify", true]]),
    });
  });

  test("what it takes on its command line", () => {
    const taken = (command: string) => parse(`[Desktop Entry]\nName=a\nExec=${command}\n`).accepts;
    expect(["calc", "calc %f", "calc %F", "calc %u", "calc %%U %i", "calc %c"].map(taken)).toEqual([
      "nothing",
      "file",
      "files",
      "url",
      "nothing",
      "nothing",
    ]);
  });

  test("icons are names: a path is none", () => {
    for (const icon of ["/etc/passwd", "../x", "a/b", ".hidden", "a b"]) {
      expect([icon, parse(`[Desktop Entry]\nName=a\nIcon=${icon}\n`).icon]).toEqual([icon, undefined]);
    }
    expect(parse("[Desktop Entry]\nName=a\nIcon=calc.png\n").icon).toBe("calc");
  });

  test("the first of two counts; groups and keys that only look like it do not", () => {
    const entry = parse(
      "Name=x\n[Other]\nName=y\n[Desktop Entry]\nName=a\nName=b\nconstructor=1\n__proto__=2\n[Desktop Entry]\nName=c\n",
    );
    expect(entry.name.get("")).toBe("a");
    expect(() => parse("[Desktop Entry] trailing\nName=a\n")).toThrow("no name");
  });

  test("names lose what could deceive", () => {
    const { name } = parse("[Desktop Entry]\nName=\u202eevil\u0007\\tname\u2028\nName[de]=\u200b\n");
    expect([...name]).toEqual([["", "evil name"]]);
    expect(parse(`[Desktop Entry]\nName=${"n".repeat(2000)}\n`).name.get("")).toHaveLength(MAX_VALUE_CHARS);
  });

  test("without a name, or too large, it is refused", () => {
    const code = (text: string) => {
      try {
        parse(text);
      } catch (error) {
        return VitrineError.from(error).code;
      }
      return "accepted";
    };
    expect(["", "[Desktop Entry]\n", "[Desktop Entry]\nName[de]=x\n"].map(code)).toEqual(
      Array(3).fill("invalid-argument"),
    );
    expect(code(`[Desktop Entry]\nName=a\n${"#".repeat(MAX_ENTRY_BYTES)}`)).toBe("invalid-argument");
    expect(code(`[Desktop Entry]\nName=a\n${"\n".repeat(20_000)}`)).toBe("invalid-argument");
  });

  test("any bytes: an entry that is clean, or an error of ours", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "[Desktop Entry]\n",
        "Name=",
        "Name[de]=",
        "Exec=%U",
        "Actions=a;b;\n",
        "[Desktop Action a]\n",
        "\n",
        "\\",
        ";",
        "Keywords=",
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        try {
          const entry = parse(parts.join(""));
          const shown = [...entry.name.values(), ...entry.comment.values(), ...[...entry.keywords.values()].flat()];
          for (const text of shown) expect(text).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\ufffd]/u);
        } catch (error) {
          expect(VitrineError.from(error).code).toBe("invalid-argument");
        }
      }),
      { seed: 20261124, numRuns: 2000 },
    );
  });
});
