/** What a sandbox's root is made of, as files that are what was built. */
import { openBase } from "../image/base-image.ts";
import { openImage } from "../image/images.ts";
import type { AppSystem, SandboxConfig } from "../sandbox/config.ts";
import { openLayer } from "./layers.ts";

export interface SystemFiles {
  /** As people call it: the image's name, or the apps'. */
  readonly label: string;
  readonly base: string;
  readonly layers: readonly string[];
}

/** Verified; "corrupt" with what makes it anew. */
export async function openSystem({ name, system }: SandboxConfig): Promise<SystemFiles> {
  return system.kind === "image" ? await openImageSystem(system.image) : await openAppSystem(system, name);
}

export async function openImageSystem(image: string): Promise<SystemFiles> {
  return { label: image, base: (await openImage(image)).path, layers: [] };
}

/** `sandbox`: whose it is, for messages. */
export async function openAppSystem({ base, layer, apps }: AppSystem, sandbox: string): Promise<SystemFiles> {
  return {
    label: apps.map((app) => app.id).join(","),
    base: await openBase(base),
    layers: [await openLayer(layer, sandbox)],
  };
}
