import { expect, test } from "bun:test";
import fc from "fast-check";
import { FrameSplitter, MAX_FRAME_BYTES, withLength } from "./frame-splitter.ts";

const SEED = { seed: 20_260_104, numRuns: 500 };

test("frames that pass go on as they came, however the stream is cut", () => {
  const frames = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(([frame]) => withLength(frame)));
      const splitter = new FrameSplitter();
      const out: Uint8Array[] = [];
      const seen: Uint8Array[] = [];
      for (let at = 0, cut = 0; at < stream.length; cut++) {
        const end = at + (cuts[cut % cuts.length] ?? 1);
        splitter.push(
          // A chunk of its own, which is gone afterwards: nothing may keep a view of it.
          stream.subarray(at, end).slice(),
          (frame) => {
            seen.push(frame.slice());
            return sent[seen.length - 1]?.[1] === true;
          },
          (bytes) => out.push(bytes.slice()),
        );
        at = end;
      }
      expect(seen.map((frame) => [...frame])).toEqual(sent.map(([frame]) => [...frame]));
      expect(Buffer.concat(out)).toEqual(
        Buffer.concat(sent.filter(([, pass]) => pass).map(([frame]) => withLength(frame))),
      );
    }),
    SEED,
  );
});

test("frames that lie together go on in one piece", () => {
  const pieces: number[] = [];
  const stream = Buffer.concat([1, 2, 3].map((byte) => withLength(new Uint8Array(10).fill(byte))));
  new FrameSplitter().push(
    stream,
    (frame) => frame[0] !== 2,
    (bytes) => pieces.push(bytes.length),
  );
  expect(pieces).toEqual([14, 14]);
  pieces.length = 0;
  new FrameSplitter().push(
    stream,
    () => true,
    (bytes) => pieces.push(bytes.length),
  );
  expect(pieces).toEqual([42]);
});

test("an impossible length is refused, also when it comes in pieces", () => {
  const length = withLength(new Uint8Array(0));
  new DataView(length.buffer).setUint32(0, MAX_FRAME_BYTES + 1);
  const push = (splitter: FrameSplitter, bytes: Uint8Array) =>
    splitter.push(
      bytes,
      () => true,
      () => {},
    );
  expect(() => push(new FrameSplitter(), length)).toThrow("Cannot read frames");
  const splitter = new FrameSplitter();
  push(splitter, length.subarray(0, 2));
  expect(() => push(splitter, length.subarray(2))).toThrow("Cannot read frames");
});
