/**
 * What of a guest's desktop entry may reach the host: the keys that are read, with what is done with each. Everything else
 * is left out, whatever it is. Specification: Desktop Entry Specification 1.5; Desktop Menu Specification 1.1, appendix A.
 */

/** How a value is read, and why the key is allowed. */
export interface KeyRule {
  readonly type: "text" | "texts" | "boolean" | "names" | "media types" | "command";
  /** May have a translation for each language. */
  readonly localized: boolean;
  readonly why: string;
}

export const ENTRY_KEYS: Readonly<Record<string, KeyRule>> = {
  Name: { type: "text", localized: true, why: "what menus show" },
  GenericName: { type: "text", localized: true, why: "what menus show beside it" },
  Comment: { type: "text", localized: true, why: "tooltips" },
  Keywords: { type: "texts", localized: true, why: "searching in menus" },
  Categories: { type: "names", localized: false, why: "where menus put it; registered ones only" },
  MimeType: { type: "media types", localized: false, why: "what it can open; used only where the user asks for it" },
  Actions: { type: "names", localized: false, why: "its menu of shortcuts; each is launched by its name" },
  Terminal: { type: "boolean", localized: false, why: "it needs a terminal" },
  NoDisplay: { type: "boolean", localized: false, why: "it is not for menus" },
  Hidden: { type: "boolean", localized: false, why: "it counts as not there" },
  StartupNotify: { type: "boolean", localized: false, why: "feedback while it starts" },
  PrefersNonDefaultGPU: { type: "boolean", localized: false, why: "a hint without effect on others" },
  SingleMainWindow: { type: "boolean", localized: false, why: "a hint without effect on others" },
  Icon: { type: "text", localized: false, why: "the name to look its icon up by; never a path on the host" },
  Exec: { type: "command", localized: false, why: "only for whether it takes files; what is run is ours" },
};

/** The same for the group of an action. */
export const ACTION_KEYS: Readonly<Record<string, KeyRule>> = {
  Name: { type: "text", localized: true, why: "what the menu of shortcuts shows" },
};

/** Categories that are registered; of others desktops do not know what to do with them. */
export const CATEGORIES: ReadonlySet<string> = new Set(
  [
    "AudioVideo Audio Video Development Education Game Graphics Network Office Science Settings System Utility",
    "Building Debugger IDE GUIDesigner Profiling RevisionControl Translation Calendar ContactManagement Database",
    "Dictionary Chart Email Finance FlowChart PDA ProjectManagement Presentation Spreadsheet WordProcessor 2DGraphics",
    "VectorGraphics RasterGraphics 3DGraphics Scanning OCR Photography Publishing Viewer TextTools DesktopSettings",
    "HardwareSettings Printing PackageManager Dialup InstantMessaging Chat IRCClient Feed FileTransfer HamRadio News",
    "P2P RemoteAccess Telephony TelephonyTools VideoConference WebBrowser WebDevelopment Midi Mixer Sequencer Tuner TV",
    "AudioVideoEditing Player Recorder DiscBurning ActionGame AdventureGame ArcadeGame BoardGame BlocksGame CardGame",
    "KidsGame LogicGame RolePlaying Shooter Simulation SportsGame StrategyGame Art Construction Music Languages",
    "ArtificialIntelligence Astronomy Biology Chemistry ComputerScience DataVisualization Economy Electricity Geography",
    "Geology Geoscience History Humanities ImageProcessing Literature Maps Math NumericalAnalysis MedicalSoftware",
    "Physics Robotics Spirituality Sports ParallelComputing Amusement Archiving Compression Electronics Emulator",
    "Engineering FileTools FileManager TerminalEmulator Filesystem Monitor Security Accessibility Calculator Clock",
    "TextEditor Documentation Adult Core KDE GNOME XFCE GTK Qt Motif Java ConsoleOnly",
  ].flatMap((line) => line.split(" ")),
);
