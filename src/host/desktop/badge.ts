/** An app's icon for the host's menus, with the mark that tells which sandbox it is of. */
import { VitrineError } from "../../base/error.ts";
import { drawRing } from "./icon-ring.ts";
import { decodePng } from "./png-decode.ts";
import { encodePng } from "./png-encode.ts";

/**
 * The icon in the PNG file `icon`, written anew, with a ring of `color` ("#rrggbb") around it; undefined when it is no
 * usable picture. Nothing of the file itself goes into the new one, only its pixels.
 */
export function badgeIcon(icon: Uint8Array, color: string): Uint8Array | undefined {
  const picture = decodePng(icon);
  if (picture === undefined) return undefined;
  const { width, height } = picture;
  const pixels = Uint8Array.from(picture.pixels);
  drawRing(new Uint32Array(pixels.buffer), width, height, pixelOf(color));
  return encodePng({ width, height, pixels });
}

/** The bytes of an opaque pixel in the order of {@link decodePng}, as a number of this machine. */
function pixelOf(color: string): number {
  if (!/^#[0-9a-f]{6}$/i.test(color))
    throw new VitrineError("invalid-argument", `Cannot use "${color}" as a colour: want "#rrggbb"`);
  const [value = 0] = new Uint32Array(new Uint8Array([...Buffer.from(color.slice(1), "hex"), 0xff]).buffer);
  return value;
}
