import { expect, test } from "bun:test";
import { kernelPayload } from "./bzimage.ts";

const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const XZ = [0xfd, 0x37, 0x7a, 0x58];

/** A bzImage with one setup sector after the boot sector, and its payload 16 bytes behind those. */
function bzImage(payload: readonly number[], change: (view: DataView) => void = () => {}): Uint8Array {
  const start = 2 * 512 + 16;
  const bytes = new Uint8Array(start + payload.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint8(0x1f1, 1);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, 0x20f, true);
  view.setUint32(0x248, 16, true);
  view.setUint32(0x24c, payload.length + 4, true);
  bytes.set(payload, start);
  change(view);
  return bytes;
}

test("the payload is found, without the length behind it", () => {
  for (const [tool, magic] of [["zstd", ZSTD] as const, ["xz", XZ] as const]) {
    const payload = [...magic, 1, 2, 3];
    expect(kernelPayload(bzImage(payload))).toEqual({ tool, data: new Uint8Array(payload) });
  }
});

test("what is no bzImage is refused, each time for its reason", () => {
  const refusals: [Uint8Array, string][] = [
    [new Uint8Array(0), "a setup header is wanted"],
    [new Uint8Array(0x250), "no bzImage"],
    [bzImage(ZSTD, (view) => view.setUint16(0x206, 0x207, true)), "too old"],
    [bzImage(ZSTD, (view) => view.setUint32(0x24c, 3, true)), "not within the file"],
    [bzImage(ZSTD, (view) => view.setUint32(0x24c, 0xffff_ffff, true)), "not within the file"],
    [bzImage(ZSTD, (view) => view.setUint32(0x248, 0xffff_ffff, true)), "not within the file"],
    [bzImage([0x1f, 0x8b, 0x08, 0x00]), "compressed in another way"],
  ];
  for (const [bytes, why] of refusals) expect(() => kernelPayload(bytes)).toThrow(why);
});
