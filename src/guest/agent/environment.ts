/** The environment of the guest's processes: clean, and the same whatever environment the agent itself has. */
import { VitrineError } from "../../base/error.ts";
import { MAX_ARGUMENTS } from "../../channel/contract/agent.ts";

/** Where commands are looked for unless the caller sets PATH. */
const USER_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/games";
const ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What a terminal is unless the caller says. */
const DEFAULT_TERM = "xterm-256color";

export const USER_HOME = "/home/user";
export const ROOT_HOME = "/root";
/** Name of the Wayland socket in the runtime directory. */
export const WAYLAND_DISPLAY = "wayland-0";

export interface EnvironmentOptions {
  readonly user: "user" | "root";
  readonly shell: string;
  /** As the process sees it. */
  readonly runtimeDirectory: string;
  /** There is a session bus at the usual place of the runtime directory. */
  readonly sessionBus: boolean;
  /** Value of DISPLAY, if there is an X server. */
  readonly x11Display: string | undefined;
  readonly terminal: boolean;
  /** Later ones win over earlier ones and over the base. */
  readonly overrides: readonly Readonly<Record<string, string>>[];
}

export function buildEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { user, runtimeDirectory } = options;
  const environment: Record<string, string> = {
    HOME: user === "root" ? ROOT_HOME : USER_HOME,
    USER: user,
    LOGNAME: user,
    SHELL: options.shell,
    // The one locale that every root has; without one, terminals know no letters but those of English.
    LANG: "C.UTF-8",
    PATH: user === "root" ? ROOT_PATH : USER_PATH,
  };
  // Programs of root leave files of root behind in a runtime directory, so they get none.
  if (user === "user") {
    Object.assign(environment, {
      XDG_RUNTIME_DIR: runtimeDirectory,
      WAYLAND_DISPLAY,
      XDG_SESSION_TYPE: "wayland",
      GDK_BACKEND: "wayland",
      QT_QPA_PLATFORM: "wayland",
      SDL_VIDEODRIVER: "wayland",
      MOZ_ENABLE_WAYLAND: "1",
      NO_AT_BRIDGE: "1",
      GTK_A11Y: "none",
      // What users set in an app stays in their home; the desktop's settings are its defaults, see looks.ts.
      GSETTINGS_BACKEND: "keyfile",
      // Without a GPU, GTK's plain renderer is faster than OpenGL in software, which also loses text under emulation.
      GSK_RENDERER: "cairo",
    });
    if (options.x11Display !== undefined) Object.assign(environment, x11Environment(options.x11Display));
    if (options.sessionBus) environment.DBUS_SESSION_BUS_ADDRESS = `unix:path=${runtimeDirectory}/bus`;
  }
  if (options.terminal) environment.TERM = DEFAULT_TERM;
  for (const override of options.overrides) Object.assign(environment, override);
  return environment;
}

/** With an X server, Wayland is still what programs take first that know both. */
function x11Environment(display: string): Record<string, string> {
  return {
    DISPLAY: display,
    GDK_BACKEND: "wayland,x11",
    QT_QPA_PLATFORM: "wayland;xcb",
    SDL_VIDEODRIVER: "wayland,x11",
    ELECTRON_OZONE_PLATFORM_HINT: "auto",
    // Without, Java's windows stay grey under a window manager that it does not know.
    _JAVA_AWT_WM_NONREPARENTING: "1",
  };
}

/** Throws "invalid-argument" or "limit" for what execve(2) cannot pass on. */
export function checkStrings(argv: readonly string[], environment: Readonly<Record<string, string>>): void {
  const names = Object.keys(environment);
  if (names.length > MAX_ARGUMENTS) {
    throw new VitrineError(
      "limit",
      `Cannot set ${names.length} environment variables: at most ${MAX_ARGUMENTS} wanted`,
    );
  }
  for (const name of names) {
    if (name === "" || name.includes("=")) {
      throw new VitrineError(
        "invalid-argument",
        `Cannot set environment variable "${name}": a name without "=" is wanted`,
      );
    }
  }
  for (const value of [...argv, ...names, ...Object.values(environment)]) {
    if (value.includes("\0")) {
      throw new VitrineError("invalid-argument", "Cannot pass on an argument or variable: text without NUL is wanted");
    }
  }
}
