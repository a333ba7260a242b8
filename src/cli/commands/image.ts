/** `vitrine image`: the file systems that sandboxes run. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import { type CliContext, writeJson } from "../context.ts";
import { releaseFlag } from "../flags.ts";
import { imageName } from "../names.ts";
import { formatBytes, formatTable } from "../terminal/report.ts";

interface BuildFlags {
  readonly packages: readonly string[];
  readonly release: string;
  readonly mirror?: string;
  readonly force: boolean;
  readonly snapshot: boolean;
}

const build = buildCommand<BuildFlags, [string], CliContext>({
  async func({ packages, release, mirror, force, snapshot }, name) {
    const { buildImage } = await import("../../host/image/images.ts");
    const { interruptible } = await import("../terminal/interrupt.ts");
    const { withProgress } = await import("../run/prepare.ts");
    const inputs = { release, packages: [...new Set(packages.filter((entry) => entry !== ""))].sort() };
    const { record, built } = await interruptible((signal) =>
      withProgress(this, `image ${name}`, signal, (options) =>
        buildImage(name, inputs, { ...options, force, ...(mirror === undefined ? {} : { mirror }) }),
      ),
    );
    if (built && snapshot) {
      const { snapshotImage } = await import("../run/snapshot-image.ts");
      await snapshotImage(this, name);
    }
    this.process.stdout.write(
      `${record.name} ${record.digest} ${formatBytes(record.bytes)}${built ? "" : " (was there)"}\n`,
    );
  },
  parameters: {
    flags: {
      packages: {
        kind: "parsed",
        parse: String,
        variadic: ",",
        brief: "Debian packages, separated by commas",
        placeholder: "A,B,C",
      },
      release: releaseFlag,
      mirror: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Address of the Debian archive",
        placeholder: "URL",
      },
      force: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Build anew, with what the archive has now",
      },
      snapshot: {
        kind: "boolean",
        default: true,
        brief: "Boot the new image once and take the snapshot from which sandboxes then start",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the image", parse: String, placeholder: "NAME" }],
    },
  },
  docs: {
    brief: "Build an image from Debian packages",
    fullDescription:
      "Packages come from the Debian archive, whose signature is checked. The same inputs give the same image.\n\n" +
      "  vitrine image build demo --packages gnome-calculator,foot",
  },
});

const list = buildCommand<{ json: boolean }, [], CliContext>({
  async func({ json }) {
    const { listImages } = await import("../../host/image/images.ts");
    const images = listImages();
    if (json) return writeJson(this, images);
    for (const { name, reason } of images.broken)
      this.process.stderr.write(`vitrine: image "${name}" is unusable: ${reason}\n`);
    if (images.records.length === 0)
      return void this.process.stderr.write("No image is there yet; vitrine image build makes one.\n");
    const rows = images.records.map((record) => [
      record.name,
      record.inputs.release,
      formatBytes(record.bytes),
      new Date(record.createdAt).toISOString().slice(0, 10),
      record.inputs.packages.join(","),
    ]);
    this.process.stdout.write(formatTable(["IMAGE", "RELEASE", "SIZE", "BUILT", "PACKAGES"], rows));
  },
  parameters: {
    flags: { json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" } },
  },
  docs: { brief: "List the images" },
});

const remove = buildCommand<Record<never, never>, [string], CliContext>({
  async func(_flags, name) {
    const { removeImage } = await import("../../host/image/images.ts");
    const { listSandboxes } = await import("../../host/sandbox/record.ts");
    const { sandboxesOfImage } = await import("../../host/sandbox/make.ts");
    const running = listSandboxes(this.process.env);
    await removeImage(name, (image) => [
      ...running.flatMap((entry) => (entry.kind === "recorded" && entry.record.image === image ? [entry.name] : [])),
      ...sandboxesOfImage(image, this.process.env),
    ]);
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the image", ...imageName }],
    },
  },
  docs: { brief: "Remove an image that no sandbox is made of or runs" },
});

export const imageCommands = buildRouteMap({
  routes: { build, list, remove },
  docs: { brief: "Build, list and remove images" },
});
