import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { socketPair } from "../../sys/socket.ts";
import { MAX_UNCLAIMED_PROCESSES, StdioStreams } from "./stdio-streams.ts";

let kept: StdioStreams;
let streams: ByteStream[];
beforeEach(() => {
  kept = new StdioStreams();
  streams = [];
});
afterEach(() => {
  kept.close();
  for (const stream of streams) stream.destroy();
});

/** A stream, and whether it has been destroyed. */
function stream(): { end: ByteStream; gone(): boolean } {
  const [a, b] = socketPair();
  b.close();
  const end = fdStream(a);
  streams.push(end);
  let gone = false;
  end.onClose(() => {
    gone = true;
  });
  return { end, gone: () => gone };
}

test("streams are claimed once, by process", () => {
  const [first, second, other] = [stream(), stream(), stream()];
  kept.add(1, "stdin", first.end);
  kept.add(1, "stdout", second.end);
  kept.add(2, "stdin", other.end);
  const claimed = kept.claim(1);
  expect([...claimed.keys()]).toEqual(["stdin", "stdout"]);
  expect(claimed.get("stdin")).toBe(first.end);
  expect(kept.claim(1).size).toBe(0);
  kept.close();
  expect([first.gone(), second.gone(), other.gone()]).toEqual([false, false, true]);
});

test("a second stream of a name is refused, the first stays", () => {
  const [first, second] = [stream(), stream()];
  kept.add(1, "stdin", first.end);
  kept.add(1, "stdin", second.end);
  expect([first.gone(), second.gone()]).toEqual([false, true]);
});

test("no more processes wait than the bound", () => {
  for (let process = 1; process <= MAX_UNCLAIMED_PROCESSES; process += 1) kept.add(process, "stdin", stream().end);
  const tooMany = stream();
  kept.add(MAX_UNCLAIMED_PROCESSES + 1, "stdin", tooMany.end);
  expect(tooMany.gone()).toBe(true);
  const another = stream();
  kept.add(1, "stdout", another.end);
  expect(another.gone()).toBe(false);
});
