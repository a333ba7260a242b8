import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { words } from "../protocol/requests.ts";
import type { Atoms } from "./atoms.ts";
import { firstPlace, onParent, withinScreen } from "./place.ts";
import { MAX_X_NAME_CHARS, PROPERTY_NAMES, PropertyRecord } from "./properties.ts";

fc.configureGlobal({ seed: 20261130, numRuns: 500 });

const ATOMS = new Proxy({} as Atoms, { get: (_, name) => (name === "UTF8_STRING" ? 250 : 31) });
const text = (value: string, type: number) => ({ type, format: 8, bytes: new TextEncoder().encode(value) });
const numbers = (...values: number[]) => ({ type: 6, format: 32, bytes: words(...values) });

describe("properties", () => {
  test("names: the new one before the old one, each in its own letters", () => {
    const record = new PropertyRecord(ATOMS);
    expect(record.current).toMatchObject({ title: "", appClass: "", takesInput: true, wantsTitleBar: true });
    record.set("WM_NAME", { type: 31, format: 8, bytes: new Uint8Array([0x47, 0x72, 0xfc, 0xdf, 0x65]) });
    expect(record.current.title).toBe("Grüße");
    record.set("_NET_WM_NAME", text("日本語\0rest", 250));
    expect(record.current.title).toBe("日本語");
    record.set("_NET_WM_NAME", undefined);
    expect(record.current.title).toBe("Grüße");
    record.set("WM_CLASS", text("xterm\0XTerm\0", 31));
    expect(record.current.appClass).toBe("XTerm");
    record.set("WM_NAME", text("x".repeat(5000), 31));
    expect(record.current.title.length).toBe(MAX_X_NAME_CHARS);
  });

  test("hints: who takes the focus, how large a window may be, who draws its title bar", () => {
    const record = new PropertyRecord(ATOMS);
    record.set("WM_HINTS", numbers(1 | 64, 0, 1, 0, 0, 0, 0, 0, 77));
    expect(record.current).toMatchObject({ takesInput: false, group: 77 });
    record.set("WM_NORMAL_HINTS", numbers(16 | 32, 0, 0, 0, 0, 100, 50, 300, 0xffff_ffff));
    expect(record.current.minSize).toEqual({ width: 100, height: 50 });
    expect(record.current.maxSize).toEqual({ width: 300, height: 0 });
    // A largest size below the smallest one is none.
    record.set("WM_NORMAL_HINTS", numbers(16 | 32, 0, 0, 0, 0, 100, 50, 30, 30));
    expect(record.current.maxSize).toEqual({ width: 0, height: 0 });
    record.set("_MOTIF_WM_HINTS", numbers(2, 0, 0, 0, 0));
    expect(record.current.wantsTitleBar).toBe(false);
    record.set("_MOTIF_WM_HINTS", numbers(2, 0, 1, 0, 0));
    expect(record.current.wantsTitleBar).toBe(true);
    record.set("_GTK_FRAME_EXTENTS", numbers(26, 26, 23, 29));
    expect(record.current).toMatchObject({
      wantsTitleBar: false,
      shadow: { left: 26, right: 26, top: 23, bottom: 29 },
    });
    record.set("_GTK_FRAME_EXTENTS", numbers(0xffff_ffff, 0, 0, 0));
    expect(record.current.shadow).toBeUndefined();
  });

  test("any value of any property is read as something", () => {
    const value = fc.record({
      type: fc.constantFrom(4, 6, 31, 250),
      format: fc.constantFrom(0, 8, 16, 32),
      bytes: fc.uint8Array({ maxLength: 80 }),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...PROPERTY_NAMES), value)), (all) => {
        const record = new PropertyRecord(ATOMS);
        for (const [name, each] of all) record.set(name, each);
        const { title, minSize, maxSize } = record.current;
        expect(title.isWellFormed()).toBe(true);
        for (const side of ["width", "height"] as const)
          expect(maxSize[side] === 0 || maxSize[side] >= minSize[side]).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("places on the X screen", () => {
  const screen = { width: 1280, height: 800 };
  const side = fc.integer({ min: 1, max: 2000 });
  const coordinate = fc.integer({ min: -32_768, max: 32_767 });
  const rectangle = fc.record({ x: coordinate, y: coordinate, width: side, height: side });

  test("a window that fits is wholly on the screen, and stays where it is if it was", () => {
    fc.assert(
      fc.property(rectangle, (window) => {
        const { x, y, width, height } = withinScreen(window, screen);
        expect([width, height]).toEqual([window.width, window.height]);
        expect(x).toBeGreaterThanOrEqual(0);
        expect(y).toBeGreaterThanOrEqual(0);
        if (width <= screen.width) expect(x + width).toBeLessThanOrEqual(screen.width);
        if (height <= screen.height) expect(y + height).toBeLessThanOrEqual(screen.height);
        expect(withinScreen({ x, y, width, height }, screen)).toEqual({ x, y, width, height });
      }),
    );
    expect(firstPlace({ x: 0, y: 0, width: 280, height: 200 }, screen)).toMatchObject({ x: 500, y: 300 });
    expect(firstPlace({ x: 7, y: 9, width: 280, height: 200 }, screen)).toMatchObject({ x: 7, y: 9 });
  });

  test("a menu touches its window, and is where it wants to be if that does", () => {
    fc.assert(
      fc.property(rectangle, rectangle, (menu, parent) => {
        const at = onParent(menu, parent);
        expect(at.x).toBeGreaterThanOrEqual(-menu.width);
        expect(at.x).toBeLessThanOrEqual(parent.width);
        expect(at.y).toBeGreaterThanOrEqual(-menu.height);
        expect(at.y).toBeLessThanOrEqual(parent.height);
      }),
    );
    const parent = { x: 100, y: 100, width: 400, height: 300 };
    expect(onParent({ x: 120, y: 130, width: 50, height: 600 }, parent)).toEqual({ x: 20, y: 30 });
  });
});
