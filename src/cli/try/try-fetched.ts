/** Apps that are tried without being installed. */
import { VitrineError } from "../../base/error.ts";
import { buildSystem } from "../../host/apps/install.ts";
import type { SystemFiles } from "../../host/apps/open-system.ts";
import { openBase } from "../../host/image/base-image.ts";
import type { InstalledApp } from "../../host/sandbox/config.ts";
import { findWanted, withBuildOptions, withStages } from "../apps/install-apps.ts";
import type { CliContext } from "../context.ts";
import { DEFAULT_RELEASE } from "../flags.ts";

/** Builds the app that `word` names, in `folder`, where its files are then. */
export async function fetchForTrial(
  context: CliContext,
  word: string,
  folder: string,
): Promise<{ files: SystemFiles; app: InstalledApp }> {
  const apps = await findWanted(context, [word]);
  return await withBuildOptions(context, false, async (options) => {
    const wishes = { release: DEFAULT_RELEASE, apps, recommends: false, refresh: false, force: false };
    const { system, layer } = await withStages(context, word, (onProgress) =>
      buildSystem(wishes, folder, { ...options, onProgress }),
    );
    const [app] = system.apps;
    if (app === undefined) throw new VitrineError("internal", `Cannot try "${word}": nothing was built`);
    return { files: { label: app.id, base: await openBase(system.base), layers: [layer.path] }, app };
  });
}
