import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { png } from "../catalog/test-support.ts";
import { badgeIcon } from "./badge.ts";
import { ringWidth } from "./icon-ring.ts";
import { decodePng, MAX_ICON_SIDE, type Picture } from "./png-decode.ts";
import { encodePng } from "./png-encode.ts";

const SEED = 20261124;
const picture = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
      .map((pixels): Picture => ({ width, height, pixels: Uint8Array.from(pixels) })),
  );

describe("PNG", () => {
  test("what is written is read again", () => {
    fc.assert(
      fc.property(picture, (original) => {
        expect(decodePng(encodePng(original))).toEqual(original);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("all colour types, depths and filters, plain and interlaced, come out as another decoder has them", () => {
    for (const { name, file, pixels } of variants()) expect([name, decodePng(file)?.pixels]).toEqual([name, pixels]);
  });

  test("no spoilt byte makes it fail", () => {
    const file = encodePng({ width: 9, height: 7, pixels: new Uint8Array(9 * 7 * 4).map((_, index) => index * 37) });
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), (at, byte, end) => {
        const found = decodePng(
          Buffer.from(file)
            .fill(byte, at, at + 1)
            .subarray(0, end),
        );
        if (found !== undefined) expect(found.pixels).toHaveLength(found.width * found.height * 4);
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });

  test("too large is none", () => {
    expect(decodePng(png(MAX_ICON_SIDE, 1))).toBeDefined();
    expect(decodePng(png(MAX_ICON_SIDE + 1, 1))).toBeUndefined();
  });
});

describe("badgeIcon", () => {
  test("draws the ring all around and leaves the rest", () => {
    const [width, height] = [64, 48];
    const pixels = new Uint8Array(width * height * 4).map((_, index) => index * 37);
    const badged = decodePng(badgeIcon(encodePng({ width, height, pixels }), "#3584e4") ?? new Uint8Array(0));
    const ring = ringWidth(height);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const at = (y * width + x) * 4;
        const isEdge = Math.min(x, y, width - 1 - x, height - 1 - y) < ring;
        const wanted = isEdge ? [0x35, 0x84, 0xe4, 255] : [...pixels.subarray(at, at + 4)];
        expect([...(badged?.pixels.subarray(at, at + 4) ?? [])]).toEqual(wanted);
      }
    }
  });

  test("what is no picture is none; what is no colour is refused", () => {
    expect(badgeIcon(Buffer.from("text"), "#000000")).toBeUndefined();
    expect(() => badgeIcon(png(8, 8), "red")).toThrow('want "#rrggbb"');
  });
});

/** Pictures as Python writes them, with nothing but its standard library, and what they show. */
function variants(): { name: string; file: Uint8Array; pixels: Uint8Array }[] {
  const script = String.raw`
import json, random, struct, sys, zlib
random.seed(7)
W, H = 13, 11
CH = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [(0,0,8,8),(4,0,8,8),(0,4,4,8),(2,0,4,4),(0,2,2,4),(1,0,2,2),(0,1,1,2)]
def chunk(t, d): return struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d))
def paeth(a, b, c):
    p = a + b - c; pa, pb, pc = abs(p-a), abs(p-b), abs(p-c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c
def pack(samples, depth):
    if depth == 16: return b''.join(struct.pack('>H', s) for s in samples)
    if depth == 8: return bytes(samples)
    bits = ''.join(format(s, '0%db' % depth) for s in samples)
    bits += '0' * (-len(bits) % 8)
    return bytes(int(bits[i:i+8], 2) for i in range(0, len(bits), 8))
out = []
for color, depths in {0: (1,2,4,8,16), 2: (8,16), 3: (1,2,4,8), 4: (8,16), 6: (8,16)}.items():
    for depth in depths:
        for interlace in (0, 1):
            ch, top = CH[color], 2 ** depth - 1
            img = [[[random.randint(0, top) for _ in range(ch)] for _ in range(W)] for _ in range(H)]
            palette = [[random.randint(0, 255) for _ in range(3)] for _ in range(min(256, top + 1))]
            trns = [random.randint(0, 255) for _ in range(len(palette) // 2)]
            key = img[3][4][:]
            bpp = max(1, ch * depth // 8)
            raw = b''
            for (x0, y0, dx, dy) in (PASSES if interlace else [(0, 0, 1, 1)]):
                cols = list(range(x0, W, dx))
                if not cols: continue
                prev = None
                for y in range(y0, H, dy):
                    line = pack([s for x in cols for s in img[y][x]], depth)
                    prev = prev or bytes(len(line))
                    f = random.randint(0, 4)
                    enc = bytearray()
                    for i, v in enumerate(line):
                        a = line[i-bpp] if i >= bpp else 0; b = prev[i]; c = prev[i-bpp] if i >= bpp else 0
                        enc.append((v - [0, a, b, (a + b) // 2, paeth(a, b, c)][f]) & 255)
                    raw += bytes([f]) + bytes(enc); prev = line
            rgba = []
            for row in img:
                for px in row:
                    e = lambda v: v >> 8 if depth == 16 else int(v * 255 / top + 0.5)
                    if color == 3: rgba += palette[px[0]] + [trns[px[0]] if px[0] < len(trns) else 255]
                    elif color in (0, 4): rgba += [e(px[0])] * 3 + [e(px[1]) if color == 4 else (0 if px == key else 255)]
                    else: rgba += [e(v) for v in px[:3]] + [e(px[3]) if color == 6 else (0 if px == key else 255)]
            f = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', W, H, depth, color, 0, 0, interlace))
            if color == 3: f += chunk(b'PLTE', bytes(sum(palette, []))) + chunk(b'tRNS', bytes(trns))
            if color in (0, 2): f += chunk(b'tRNS', b''.join(struct.pack('>H', s) for s in key))
            data = zlib.compress(raw)
            f += chunk(b'IDAT', data[:9]) + chunk(b'tEXt', b'x\0y') + chunk(b'IDAT', data[9:]) + chunk(b'IEND', b'')
            out.append({'name': '%d/%d/%d' % (color, depth, interlace), 'file': f.hex(), 'pixels': bytes(rgba).hex()})
json.dump(out, sys.stdout)
`;
  const { stdout, stderr } = spawnSync("python3", ["-c", script], { encoding: "utf8", maxBuffer: 16 * 1024 * 1024 });
  if (stderr !== "") throw new Error(stderr);
  return (JSON.parse(stdout) as { name: string; file: string; pixels: string }[]).map(({ name, file, pixels }) => ({
    name,
    file: Uint8Array.from(Buffer.from(file, "hex")),
    pixels: Uint8Array.from(Buffer.from(pixels, "hex")),
  }));
}
