/** The selections of the X screen, joined to those of the display: clipboard, and what is selected. */
import type { XEvent } from "../protocol/events.ts";
import { queryExtension, xfixesQueryVersion, xfixesSelectSelectionInput } from "../protocol/requests.ts";
import type { Desk } from "../windows/desk.ts";
import { createOwnWindow } from "../windows/ewmh.ts";
import { AtomNames } from "./atom-names.ts";
import { CLIPBOARD, PRIMARY } from "./device.ts";
import { Selection } from "./selection.ts";

const QUERY_VERSION = 0;
const SELECT_SELECTION_INPUT = 2;
/** A new owner, and the end of one. */
const ALL_CHANGES = 7;

export class Selections {
  readonly #all: readonly Selection[];

  constructor(desk: Desk) {
    const { x } = desk;
    const window = createOwnWindow(desk);
    const names = new AtomNames(x);
    this.#all = [
      new Selection({ desk, names, window, atom: "CLIPBOARD", kind: CLIPBOARD }),
      new Selection({ desk, names, window, atom: "PRIMARY", kind: PRIMARY }),
    ];
    const name = new TextEncoder().encode("XFIXES");
    const select = (opcode: number) => {
      // The extension answers nobody who has not asked for its version.
      x.ask(xfixesQueryVersion(opcode), { minor: QUERY_VERSION, clientMajor: 5, clientMinor: 0 }, () => {});
      for (const { atom: selection } of this.#all) {
        x.send(xfixesSelectSelectionInput(opcode), {
          minor: SELECT_SELECTION_INPUT,
          window,
          selection,
          mask: ALL_CHANGES,
        });
      }
    };
    const nameLength = name.length;
    x.ask(
      queryExtension,
      { nameLength },
      (reply) => {
        if (reply === undefined || reply.fields.present === 0) return;
        x.xfixesFirst = reply.fields.firstEvent;
        select(reply.fields.majorOpcode);
      },
      name,
    );
  }

  /** A surface of this X server has the keyboard now. */
  focused(): void {
    for (const selection of this.#all) selection.focused();
  }

  event(event: XEvent): void {
    for (const selection of this.#all) this.#tell(selection, event);
  }

  close(): void {
    for (const selection of this.#all) selection.close();
  }

  #tell(selection: Selection, event: XEvent): void {
    switch (event.name) {
      case "xfixesSelectionNotify":
        if (event.fields.selection === selection.atom) {
          const { owner, selectionTime } = event.fields;
          selection.ownerChanged(owner, selectionTime);
        }
        break;
      case "selectionRequest":
        if (event.fields.selection === selection.atom) selection.requested(event.fields);
        break;
      case "selectionNotify":
        selection.notified(event.fields.requestor, event.fields.property);
        break;
      case "propertyNotify":
        selection.propertyChanged(event.fields.window, event.fields.atom, event.fields.state);
        break;
    }
  }
}
