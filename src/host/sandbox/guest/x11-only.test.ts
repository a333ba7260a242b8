import { describe, expect, test } from "bun:test";
import { X11Only } from "./x11-only.ts";

const FAILED = { code: 1, signal: null };
const ABORTED = { code: null, signal: "SIGABRT" };

/** What is told of a process that does so. */
function told(act: (watch: X11Only) => void): string[] {
  const messages: string[] = [];
  act(new X11Only((message) => messages.push(message)));
  return messages;
}

describe("an app that fails", () => {
  test.each([
    "Error: Can't open display: ",
    "xterm: Xt error: Can't open display: %s",
    "No X11 DISPLAY variable was set,",
    "java.awt.AWTError: Can't connect to X11 window server using '' as the value of the DISPLAY variable.",
    "qt.qpa.xcb: could not connect to display ",
    "Unable to open X display",
    "cannot connect to X server ",
  ])("and says %p knows only X11", (line) => {
    const [message = "", ...more] = told((watch) => {
      watch.said("Starting");
      watch.said(line);
      watch.ended(FAILED);
      watch.said(line);
    });
    expect([message, more]).toEqual([expect.stringContaining("only X11"), []]);
  });

  test("is told of also when it says so after its end, or was ended by a signal", () => {
    const say = (watch: X11Only) => watch.said("Error: Can't open display: ");
    expect(told((watch) => [watch.ended(ABORTED), say(watch)])).toHaveLength(1);
    expect(told((watch) => [say(watch), watch.ended(ABORTED)])).toHaveLength(1);
  });

  test.each([
    "failed to connect to wayland; no compositor running?",
    "Cannot open file",
    "cannot connect to database server",
  ])("and says %p does so for another reason", (line) => {
    expect(told((watch) => [watch.said(line), watch.ended(FAILED)])).toEqual([]);
  });
});

test("an app that goes on without an X server is not told of", () => {
  const status = { code: 0, signal: null };
  expect(told((watch) => [watch.said("Error: Can't open display: "), watch.ended(status)])).toEqual([]);
  expect(told((watch) => watch.said("Error: Can't open display: "))).toEqual([]);
});
