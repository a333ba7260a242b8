/** The apps that are tried: one or two of each toolkit, and what many people use; and how to get to where each takes text. */

export interface TriedApp {
  readonly app: string;
  readonly toolkit: string;
  /** Title of its window, where another one comes first: a splash. */
  readonly title?: RegExp;
  /**
   * Done one after the other before anything is typed, each when the picture rests: keys, with modifiers before a "+", and
   * clicks, as "@" and a place. They answer what an app asks when it is started for the first time, and go to a place for text.
   */
  readonly before?: readonly string[];
  /** Typed instead of a sum. */
  readonly text?: string;
  /** Steps, as in `before`, that answer its question whether to save: no; tried in turn. */
  readonly discard?: readonly (readonly string[])[];
}

export const APPS: readonly TriedApp[] = [
  { app: "foot", toolkit: "none" },
  { app: "org.gnome.Calculator", toolkit: "GTK 4" },
  { app: "org.xfce.mousepad", toolkit: "GTK 3" },
  { app: "com.github.FeatherPad", toolkit: "Qt 6" },
  // The name of a new database, in the dialog that asks for it.
  { app: "sqlitebrowser", toolkit: "Qt 5", before: ["control+n"], text: "letters" },
  // Its menu; what is typed begins a game.
  { app: "ltris2", toolkit: "SDL 2", text: "\n" },
  // Past the welcome; the field for the server's name has the focus.
  {
    app: "org.filezilla-project.FileZilla",
    toolkit: "wxWidgets, on GTK 3",
    before: ["Return"],
    text: "letters",
  },
  { app: "terminology", toolkit: "EFL" },
  // What it asks at first is closed; a place in the text.
  {
    app: "jedit",
    toolkit: "Java (Swing), by X11",
    title: /Untitled/,
    before: ["Escape", "Escape", "@150,300"],
    text: "letters",
  },
  // Frets, on the string where it starts.
  { app: "tuxguitar", toolkit: "Java (SWT), on GTK 3", title: /tg\b/i, text: "5", discard: [["Tab", "Return"]] },
  // Its address.
  { app: "chromium", toolkit: "Chromium", before: ["control+l"], text: "letters" },
  { app: "org.gnome.TextEditor", toolkit: "GTK 4" },
  { app: "io.github.Qalculate.qalculate-qt", toolkit: "Qt 6" },
  { app: "galculator", toolkit: "GTK 3" },
  { app: "firefox-esr", toolkit: "its own, on GTK 3", before: ["control+l"], text: "letters" },
  { app: "libreoffice-writer", toolkit: "its own, on GTK 3", title: /Writer$/ },
  { app: "org.gnome.gedit", toolkit: "GTK 3" },
  // Past the question about the network, into the dialog for an address.
  {
    app: "org.videolan.vlc",
    toolkit: "Qt 5, by X11",
    before: ["Return", "@28,10", "Escape", "control+n"],
    text: "letters",
  },
  // What it asks is agreed to; the field that filters.
  { app: "transmission-gtk", toolkit: "GTK 3", before: ["alt+a", "@850,92"], text: "letters" },
  // Its welcome has a field for an address.
  { app: "net.thunderbird.Thunderbird", toolkit: "its own, on GTK 3", before: ["@512,528"], text: "letters" },
  // Past the welcome, the tool for text, a place on the page.
  { app: "org.inkscape.Inkscape", toolkit: "GTK 3", before: ["Escape", "t", "@500,400"], text: "letters" },
  { app: "org.kde.kate", toolkit: "Qt 6, KDE", before: ["control+n"] },
  // The dialog that opens a file, and a name in it.
  { app: "org.gnome.Evince", toolkit: "GTK 3", before: ["control+o"], text: "/letters" },
  // Past the welcome; a name for a new label.
  {
    app: "org.audacityteam.Audacity",
    toolkit: "wxWidgets, on GTK 3",
    before: ["Escape", "control+b"],
    text: "letters",
  },
  // The dialog for a new picture, as it is; a stroke of the brush would want a pointer that is held.
  { app: "org.kde.krita", toolkit: "Qt 5, KDE", before: ["control+n"], text: "\n" },
];
