/**
 * Newer desktops than the machine's own: the compositors of Debian 13 in an image, run on the host's kernel. They have
 * interfaces that those of Debian 12 have not.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { buildImage } from "../../src/host/image/images.ts";
import { NativeRoot } from "./native-root.ts";

/** In milliseconds; built once, unpacked each time. */
export const DESKTOPS_DEADLINE_MS = 900_000;
const IMAGE = "vitrine-test-desktops";
/** The compositors, what mutter does not start without, and an app that draws at fractional scales. */
const PACKAGES = ["foot", "gsettings-desktop-schemas", "kwin-wayland", "mutter", "sway", "weston"];

/** The root with sway, mutter, weston and kwin, for {@link Compositor}. */
export async function openDesktops(): Promise<NativeRoot> {
  const dataHome = process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share");
  await buildImage(IMAGE, { release: "trixie", packages: PACKAGES });
  return await NativeRoot.unpack(dataHome, IMAGE);
}
