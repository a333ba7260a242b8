/** What the bridge has to know of the input that passes: which surface has it, and the serials of what the user does. */
import type { Value } from "../../../wayland/types.ts";

export interface InputHandlers {
  /** The keyboard is on this surface now; undefined: on none of ours. */
  keyboardOn(surfaceId: number | undefined): void;
  /** The pointer, or a finger, has come to this surface. */
  pointerOn(surfaceId: number): void;
}

export class InputWatch {
  /** Xwayland's wl_seat; the first, where there are several. */
  seat: number | undefined;
  /** Of the last press of a button, key or finger; and of the last input of any kind, a change of focus included. */
  pressSerial = 0;
  serial = 0;
  readonly #handlers: InputHandlers;
  /** Pointers whose motion no frame event has followed yet. */
  readonly #unframed = new Set<number>();

  constructor(handlers: InputHandlers) {
    this.#handlers = handlers;
  }

  /**
   * Whether a wl_pointer.frame is wanted before this event of pointer `id`. Some compositors send none after a motion that comes
   * of the window's moving; Xwayland would keep that motion, and apply it on the next window that the pointer comes to.
   */
  wantsFrame(id: number, name: string): boolean {
    if (name === "motion") this.#unframed.add(id);
    else if (name === "frame") this.#unframed.delete(id);
    else if (name === "leave") return this.#unframed.delete(id);
    return false;
  }

  event(interfaceName: string, name: string, args: readonly Value[]): void {
    switch (`${interfaceName}.${name}`) {
      case "wl_keyboard.enter":
        this.serial = args[0] as number;
        this.#handlers.keyboardOn(args[1] as number);
        break;
      case "wl_keyboard.leave":
        this.#handlers.keyboardOn(undefined);
        break;
      case "wl_pointer.enter":
        this.serial = args[0] as number;
        this.#handlers.pointerOn(args[1] as number);
        break;
      case "wl_touch.down":
        this.#pressed(args[0] as number);
        this.#handlers.pointerOn(args[2] as number);
        break;
      case "wl_pointer.button":
      case "wl_keyboard.key":
        this.#pressed(args[0] as number);
        break;
    }
  }

  #pressed(serial: number): void {
    this.pressSerial = serial;
    this.serial = serial;
  }
}
