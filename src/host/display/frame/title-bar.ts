/**
 * Text and buttons of a title bar on the compositor's connection. They are pictures of their own on the bar, so a window that
 * changes its width has nothing drawn anew.
 */
import { wl_buffer } from "../../../wayland/generated/wayland.ts";
import { MAX_TITLES_PER_SECOND } from "../limits.ts";
import { RateLimit } from "../rate-limit.ts";
import type { Size } from "../surfaces/rect.ts";
import type { Colour } from "./colour.ts";
import { drawButtons, drawLabel, PICTURE_MARGIN, type Picture } from "./label.ts";
import { type Button, planTitleBar } from "./measures.ts";
import { type FrameHost, FramePart, type Sheet } from "./part.ts";

/** What a title bar shows. */
export interface TitleBarLook {
  /** Of the sandbox. */
  readonly name: string;
  /** Of the window; harmless. */
  readonly title: string;
  readonly colour: Colour;
  readonly buttons: readonly Button[];
  /** The one that the pointer is on. */
  readonly hovered: Button | undefined;
}

const XRGB8888 = 1;

export class TitleBarPictures {
  readonly parts: readonly FramePart[];
  readonly #host: FrameHost;
  readonly #label: FramePart;
  readonly #buttons: FramePart;
  /** What is drawn, by what it was drawn from. */
  readonly #onStale: () => void;
  readonly #limit = new RateLimit(MAX_TITLES_PER_SECOND, 1000);
  #later: ReturnType<typeof setTimeout> | undefined;
  readonly #replaced: number[] = [];
  readonly #drawn = new Map<"label" | "buttons", { readonly from: string; readonly sheet: Sheet }>();

  /** On the surface `rootId`, in front of all that it has. `onStale` is called when it should be shown anew. */
  constructor(host: FrameHost, rootId: number, onStale: () => void) {
    this.#host = host;
    this.#onStale = onStale;
    this.#label = new FramePart(host, rootId, onStale);
    this.#buttons = new FramePart(host, rootId);
    this.parts = [this.#label, this.#buttons];
  }

  /** Shows them over a content of that size, from the root's next commit on. */
  show(content: Size, look: TitleBarLook): void {
    this.#destroyReplaced();
    const { name, title, colour, buttons, hovered } = look;
    const { scale } = this.#label;
    const label = this.#sheet("label", [name, title, colour, scale], () => drawLabel(name, title, colour, scale));
    const from = [buttons.join(), hovered, colour, scale];
    const buttonSheet = this.#sheet("buttons", from, () => drawButtons(buttons, hovered, colour, scale));
    const plan = planTitleBar(content.width, buttons.length, label.width - 2 * PICTURE_MARGIN);
    if (plan.label === undefined) this.#label.hide();
    else this.#label.show(plan.label, label);
    if (plan.buttons === undefined) this.#buttons.hide();
    else this.#buttons.show(plan.buttons, buttonSheet, "end");
  }

  destroy(): void {
    clearTimeout(this.#later);
    for (const part of this.parts) part.destroy();
    for (const { sheet } of this.#drawn.values()) this.#replaced.push(sheet.bufferId);
    this.#drawn.clear();
    this.#destroyReplaced();
  }

  #destroyReplaced(): void {
    for (const bufferId of this.#replaced.splice(0)) this.#host.send(bufferId, wl_buffer, "destroy", []);
  }

  #sheet(which: "label" | "buttons", values: readonly unknown[], draw: () => Picture): Sheet {
    const from = JSON.stringify(values);
    const before = this.#drawn.get(which);
    if (before?.from === from) return before.sheet;
    if (before !== undefined && !this.#limit.take()) {
      this.#later ??= setTimeout(() => {
        this.#later = undefined;
        this.#onStale();
      }, 1000 / MAX_TITLES_PER_SECOND);
      return before.sheet;
    }
    const { canvas, width, height } = draw();
    const bufferId = this.#host.image(canvas, canvas.bytes, XRGB8888);
    const sheet = { bufferId, width, height, scale: canvas.width / width, margin: PICTURE_MARGIN };
    // What it replaces is on the screen until the next commit.
    if (before !== undefined) this.#replaced.push(before.sheet.bufferId);
    this.#drawn.set(which, { from, sheet });
    return sheet;
  }
}
