/** The windows of a sandbox that show something, and the focus that the first of them is to get. */

/** A window with content. */
export interface ShownWindow {
  /** Gives it the focus for which the compositor has given `hostToken`, as far as the policy and the compositor allow. */
  activate(hostToken: string): void;
}

export class ShownWindows {
  /** In the order in which they got their content. */
  readonly #windows = new Set<ShownWindow>();
  /** What the next one gets the focus by. */
  #hostToken: string | undefined;

  get count(): number {
    return this.#windows.size;
  }

  add(window: ShownWindow): void {
    this.#windows.add(window);
    if (this.#hostToken !== undefined) window.activate(this.#hostToken);
    this.#hostToken = undefined;
  }

  delete(window: ShownWindow): void {
    this.#windows.delete(window);
  }

  /** Activates the first one that is there, or else the next that comes. */
  activate(hostToken: string): void {
    const [first] = this.#windows;
    if (first === undefined) this.#hostToken = hostToken;
    else first.activate(hostToken);
  }

  /** What the compositor has given is good no more. */
  compositorChanged(): void {
    this.#hostToken = undefined;
  }
}
