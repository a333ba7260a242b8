/** Tells of an app that fails since it knows only X11, by what it says: not every image has Xwayland. */
import type { ProcessEnd } from "../../../channel/contract/control.ts";

/** What Xlib's users, Java and Qt's plugin for X11 say when there is no X server. */
const WORDS = [
  /\bX11 DISPLAY variable\b/,
  /\bX11 window server\b/,
  /\bqt\.qpa\.xcb: could not connect to display\b/,
  /\b(can'?t|cannot|could not|unable to|failed to) (open|connect to)( the)? ((X(11)? )?display|X(11)? server)\b/i,
];

/** Watches one process. Its output may come before its end, or after it. */
export class X11Only {
  readonly #tell: (message: string) => void;
  #asked = false;
  #failed = false;
  #told = false;

  /** `tell` is called once, when it is known that the process looked for an X server and that it failed. */
  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  /** It has printed a line to its standard error. */
  readonly said = (line: string): void => {
    this.#asked ||= WORDS.some((words) => words.test(line));
    this.#consider();
  };

  readonly ended = ({ code }: ProcessEnd): void => {
    this.#failed = code !== 0;
    this.#consider();
  };

  #consider(): void {
    if (this.#told || !this.#asked || !this.#failed) return;
    this.#told = true;
    this.#tell("the app seems to know only X11, and found no X server: its image needs the package xwayland");
  }
}
