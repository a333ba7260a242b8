/** Takes the snapshot of an image that has just been built, so that its first sandbox starts from one. */
import { VitrineError } from "../../base/error.ts";
import { ensureArenaTemplate } from "../../host/image/arena-template.ts";
import { openImage } from "../../host/image/images.ts";
import { ensureKernel } from "../../host/image/kernel.ts";
import { ensureToolsImage } from "../../host/image/tools-image.ts";
import { ensureSnapshot } from "../../host/snapshot/take-snapshot.ts";
import { chooseDriver, createDriver } from "../../host/vmm/drivers.ts";
import type { CliContext } from "../context.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { withProgress } from "./prepare.ts";

/** A machine that cannot be booted or saved costs the snapshot, and a warning; the image is there all the same. */
export async function snapshotImage(context: CliContext, name: string): Promise<void> {
  try {
    const { path } = await openImage(name);
    await interruptible(async (signal) => {
      const kernel = await withProgress(context, "kernel", signal, ensureKernel);
      const { name: driver } = await withProgress(context, "driver", signal, (options) =>
        chooseDriver(undefined, kernel, options),
      );
      const tools = await withProgress(context, "tools image", signal, ensureToolsImage);
      const arena = await withProgress(context, "window arena", signal, ensureArenaTemplate);
      const spec = {
        kernel,
        toolsImage: tools.path,
        appImage: path,
        layerImages: [],
        arena,
        network: false,
        confined: true,
      };
      await withProgress(context, `snapshot of ${name}`, signal, async (options) =>
        ensureSnapshot(await createDriver(driver), spec, options),
      );
    });
  } catch (error) {
    const { code, message } = VitrineError.from(error);
    if (code === "cancelled") throw error;
    context.process.stderr.write(`vitrine: no snapshot was taken: ${message}\n`);
  }
}
