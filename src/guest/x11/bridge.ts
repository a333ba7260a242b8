/** Between one Xwayland and the display: its Wayland connection, and our window manager on its X screen. */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { compositeRedirectSubwindows, queryExtension } from "./protocol/requests.ts";
import type { Setup } from "./protocol/setup.ts";
import { XConnection } from "./protocol/x-connection.ts";
import { Selections } from "./selections/selections.ts";
import { WaylandProxy } from "./wayland/proxy.ts";
import { internAtoms } from "./windows/atoms.ts";
import { Desk } from "./windows/desk.ts";
import { WindowManager } from "./windows/window-manager.ts";

const REDIRECT_SUBWINDOWS = 2;
const MANUAL = 1;

export interface BridgeOptions {
  /** Our ends of the pairs that Xwayland has as its Wayland connection and as its window manager's. Taken over. */
  readonly wayland: OwnedFd;
  readonly windowManager: OwnedFd;
  /** A connection to the display, as any app has one. Taken over. */
  readonly display: OwnedFd;
  /** Called once, unless closed: Xwayland, the display, or a program has ended it. */
  readonly onEnded: (error: VitrineError | undefined) => void;
}

export class X11Bridge {
  readonly #options: BridgeOptions;
  readonly #proxy: WaylandProxy;
  readonly #x: XConnection;
  #manager: WindowManager | undefined;
  #selections: Selections | undefined;
  #isOver = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    const closed = (error: VitrineError | undefined) => this.#end(error);
    this.#proxy = new WaylandProxy(options.wayland, options.display, {
      closed,
      refused: (text) => this.#end(new VitrineError("protocol", `The display has refused: ${text}`)),
      keyboardOn: (surfaceId) => {
        this.#manager?.keyboardOn(surfaceId);
        if (surfaceId !== undefined) this.#selections?.focused();
      },
      pointerOn: (surfaceId) => this.#manager?.pointerOn(surfaceId),
    });
    this.#x = new XConnection(options.windowManager, {
      ready: (setup) => this.#ready(setup),
      event: (event) => {
        this.#manager?.event(event);
        this.#selections?.event(event);
      },
      closed,
    });
  }

  close(): void {
    this.#isOver = true;
    this.#selections?.close();
    this.#proxy.close();
    this.#x.close();
  }

  #ready(setup: Setup): void {
    const name = new TextEncoder().encode("Composite");
    this.#x.ask(
      queryExtension,
      { nameLength: name.length },
      (reply) => {
        if (reply === undefined || reply.fields.present === 0)
          throw new VitrineError("unavailable", 'Xwayland lacks the extension "Composite"');
        const request = compositeRedirectSubwindows(reply.fields.majorOpcode);
        this.#x.send(request, { minor: REDIRECT_SUBWINDOWS, window: setup.root, update: MANUAL });
        internAtoms(this.#x, (atoms) => {
          const desk = new Desk(this.#x, atoms, setup, this.#proxy);
          this.#manager = new WindowManager(desk);
          this.#selections = new Selections(desk);
        });
      },
      name,
    );
  }

  #end(error: VitrineError | undefined): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onEnded(error);
  }
}
