import { expect, test } from "bun:test";
import { MAX_UNACKED_CONFIGURES } from "../limits.ts";
import { ToplevelConfigure, type ToplevelSize } from "./toplevel-configure.ts";

const [MAXIMIZED, FULLSCREEN, ACTIVATED] = [1, 2, 4];
const TILED = [5, 6, 7, 8];

/** What the compositor says, and the guest is told of states. */
const sized = (size: ToplevelSize) => ({ ...size, told: size.states });

test("the guest hears of what the frame leaves, and that its edges touch something", () => {
  const configure = new ToplevelConfigure(6, "guest");
  configure.setBounds({ width: 1280, height: 0 });
  configure.setSize(sized({ width: 800, height: 600, states: [ACTIVATED] }));
  expect(configure.configure(1)).toEqual({
    bounds: { width: 1272, height: 0 },
    size: { width: 792, height: 592, states: [ACTIVATED, ...TILED] },
  });
});

test("a size that is left to the guest stays so, and one smaller than the frame is 1", () => {
  const configure = new ToplevelConfigure(2, "frame");
  configure.setSize(sized({ width: 0, height: 3, states: [...TILED, MAXIMIZED] }));
  expect(configure.configure(1).size).toEqual({ width: 0, height: 1, states: [...TILED, MAXIMIZED] });
});

test("a guest of the first version is not told of states that it does not know", () => {
  const configure = new ToplevelConfigure(1, "guest");
  configure.setSize(sized({ width: 100, height: 100, states: [ACTIVATED] }));
  expect(configure.configure(1).size?.states).toEqual([ACTIVATED]);
});

test("nothing is said of a size before the compositor has said something", () => {
  expect(new ToplevelConfigure(6, "frame").configure(1)).toEqual({ bounds: undefined, size: undefined });
});

test("another look comes with the acknowledgement of the event that brought it, not before and not without", () => {
  const configure = new ToplevelConfigure(6, "frame");
  expect(configure.look).toBe("title-bar");
  configure.setSize(sized({ width: 100, height: 100, states: [] }));
  expect(configure.configure(1).size).toMatchObject({ width: 92, height: 68 });
  configure.setSize(sized({ width: 200, height: 200, states: [FULLSCREEN] }));
  expect(configure.configure(2).size).toMatchObject({ width: 192, height: 192 });
  configure.setSize(sized({ width: 100, height: 100, states: [] }));
  configure.configure(3);
  expect(configure.acknowledge(1)).toBe(true);
  expect(configure.look).toBe("title-bar");
  expect(configure.acknowledge(2)).toBe(true);
  expect(configure.look).toBe("border");
  configure.setTitleBar("compositor");
  configure.configure(4);
  expect(configure.acknowledge(4)).toBe(true);
  expect(configure.look).toBe("border");
  expect(configure.acknowledge(3)).toBe(true);
  expect(configure.look).toBe("border");
});

test("the acknowledgement of an event that was told again does not reach the compositor twice", () => {
  const configure = new ToplevelConfigure(6, "guest");
  configure.setSize(sized({ width: 100, height: 100, states: [] }));
  const first = configure.configure(7);
  expect(configure.repeat()).toEqual(first);
  expect([configure.acknowledge(7), configure.acknowledge(7)]).toEqual([true, false]);
  configure.configure(8);
  // Wrong, but for the compositor to judge.
  expect(configure.acknowledge(7)).toBe(true);
});

test("a guest that acknowledges nothing costs no memory", () => {
  const configure = new ToplevelConfigure(6, "frame");
  for (let serial = 1; serial <= 3 * MAX_UNACKED_CONFIGURES; serial++) configure.configure(serial);
  configure.setTitleBar("compositor");
  configure.configure(9999);
  configure.acknowledge(9999);
  expect(configure.look).toBe("border");
});

test("a window that only believes to be fullscreen keeps its title bar", () => {
  const configure = new ToplevelConfigure(6, "frame");
  configure.setSize({ width: 100, height: 100, states: [MAXIMIZED], told: [FULLSCREEN] });
  expect(configure.configure(1).size?.states).toContain(FULLSCREEN);
  configure.acknowledge(1);
  expect(configure.look).toBe("title-bar");
});

test("a window that was given a place has no more room than that, from its acknowledgement on", () => {
  const configure = new ToplevelConfigure(6, "guest");
  configure.setSize(sized({ width: 100, height: 100, states: [ACTIVATED] }));
  configure.configure(1);
  configure.setSize(sized({ width: 200, height: 0, states: [TILED[0] ?? 0] }));
  configure.configure(2);
  configure.acknowledge(1);
  expect(configure.room).toBeUndefined();
  configure.acknowledge(2);
  expect(configure.room).toEqual({ width: 192, height: 0 });
});
