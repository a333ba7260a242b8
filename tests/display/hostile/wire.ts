/** Bytes that are no messages, and messages that are not what they say: sizes, text, padding, pieces. */
import { type Attack, byBoth, CUT_OFF, displayError, IGNORED, type Scene } from "./attack.ts";

const NOT_A_MESSAGE = displayError("wl_display", "invalid_method");
const TITLE = 2;
const GET_REGISTRY = 1;
const MAX_MESSAGE_BYTES = 65_532;

/** xdg_toplevel.set_title with the string's length, and its bytes, as they are given. */
function title(scene: Scene, length: number, bytes: Uint8Array): void {
  const { toplevel } = scene.toplevel();
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  scene.raw([toplevel.id, ((12 + padded.length) << 16) | TITLE, length], padded);
}

const ascii = (text: string) => new TextEncoder().encode(text);

export const WIRE: readonly Attack[] = [
  byBoth("noise", NOT_A_MESSAGE, (scene) => scene.client.sendRaw(new Uint8Array(64).fill(0xa5))),
  byBoth("zeros", NOT_A_MESSAGE, (scene) => scene.client.sendRaw(new Uint8Array(4096))),
  byBoth("a message of size 0", NOT_A_MESSAGE, (scene) => scene.raw([1, 0])),
  byBoth("a message of size 4", NOT_A_MESSAGE, (scene) => scene.raw([1, 4 << 16])),
  byBoth("a message whose size is no multiple of 4", NOT_A_MESSAGE, (scene) => scene.raw([1, (13 << 16) | 1, 0, 0])),
  byBoth("a message of 65535 bytes", NOT_A_MESSAGE, (scene) => scene.raw([1, (65_535 << 16) >>> 0])),
  byBoth("a message longer than its arguments", NOT_A_MESSAGE, (scene) =>
    scene.raw([1, (16 << 16) | GET_REGISTRY, 900, 0]),
  ),
  byBoth("a message shorter than its arguments", NOT_A_MESSAGE, (scene) => scene.raw([1, (8 << 16) | GET_REGISTRY])),
  byBoth("a string longer than its message", NOT_A_MESSAGE, (scene) => title(scene, 4000, ascii("short\0"))),
  byBoth("a string of 4294967295 bytes", NOT_A_MESSAGE, (scene) => title(scene, 0xffff_ffff, ascii("abc\0"))),
  byBoth("a string of 4294967293 bytes, which padding makes 0", NOT_A_MESSAGE, (scene) =>
    title(scene, 0xffff_fffd, ascii("abc\0")),
  ),
  byBoth("a string of length 0 where text must be", NOT_A_MESSAGE, (scene) => title(scene, 0, new Uint8Array(0))),
  byBoth("a string without its NUL", NOT_A_MESSAGE, (scene) => title(scene, 4, ascii("abcd"))),
  byBoth("a string with a NUL inside", NOT_A_MESSAGE, (scene) => title(scene, 6, ascii("ab\0cd\0"))),
  byBoth("a string that is not UTF-8", NOT_A_MESSAGE, (scene) =>
    title(scene, 4, new Uint8Array([0xff, 0xfe, 0x80, 0])),
  ),
  byBoth("a string with an overlong encoding", NOT_A_MESSAGE, (scene) =>
    title(scene, 3, new Uint8Array([0xc0, 0xaf, 0])),
  ),
  byBoth("a string with half a surrogate pair", NOT_A_MESSAGE, (scene) =>
    title(scene, 4, new Uint8Array([0xed, 0xa0, 0x80, 0])),
  ),
  byBoth("padding full of something else", IGNORED, (scene) => title(scene, 2, new Uint8Array([0x61, 0, 0xde, 0xad]))),
  byBoth("a request one byte at a time", IGNORED, async (scene) => {
    const bytes = new Uint8Array(new Uint32Array([1, (12 << 16) | GET_REGISTRY, scene.newId("wl_registry")]).buffer);
    for (const byte of bytes) {
      scene.client.sendRaw(new Uint8Array([byte]));
      // Its way through both halves before the next one is sent.
      await scene.stage.bystand();
    }
  }),
  byBoth("half a message, and then the end", CUT_OFF, async (scene) => {
    scene.raw([1, (MAX_MESSAGE_BYTES << 16) >>> 0], new Uint8Array(1000));
    await scene.stage.bystand();
    scene.client.close();
  }),
  byBoth("a header without the message, for ever", CUT_OFF, async (scene) => {
    scene.raw([1, (MAX_MESSAGE_BYTES << 16) >>> 0]);
    await scene.stage.bystand();
    scene.client.close();
  }),
];
