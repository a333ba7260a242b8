/**
 * The window of a trial that begins ready, beside the usual trial and the same app started natively, with the files of both
 * in memory and not. The native app is that of the image, on the host's kernel.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { formatTable } from "../src/cli/terminal/report.ts";
import { startVitrine, vitrine } from "../src/cli/test-support.ts";
import { Compositor } from "../tests/support/compositor.ts";
import { eventually } from "../tests/support/deadline.ts";
import { NativeRoot } from "../tests/support/native-root.ts";
import { endProcess } from "../tests/support/processes.ts";

const IMAGE = "vitrine-bench-heavy";
const PACKAGES = [
  "adwaita-icon-theme",
  "fonts-dejavu-core",
  "foot",
  "gnome-calculator",
  "libreoffice-gtk3",
  "libreoffice-writer",
  "procps",
];
const APPS: Readonly<Record<string, readonly string[]>> = {
  foot: ["foot"],
  "GNOME Calculator": ["gnome-calculator"],
  "LibreOffice Writer": ["libreoffice", "--writer", "--nologo", "--norestore"],
};
const WINDOW_DEADLINE_MS = 300_000;
const READY_DEADLINE_MS = 600_000;
/** How large ready over native, both without files in memory, may be. */
const WANTED_RATIO = 1;

const WAYS = ["native", "native, no file in memory", "try", "try, ready", "try, ready, no file in memory"] as const;
type ReadyWay = (typeof WAYS)[number];
/** Milliseconds from the start of the command to the window, in each round, by app. */
export type ReadyStarts = Readonly<Record<string, Readonly<Record<ReadyWay, readonly number[]>>>>;

/** `environment`: of commands; only root can have the kernel forget files. */
export async function measureReady(
  environment: Readonly<Record<string, string>>,
  { repeat, apps, say }: { repeat: number; apps: readonly string[]; say: (message: string) => void },
): Promise<ReadyStarts> {
  const { status, errors } = await vitrine(["image", "build", IMAGE, "--packages", PACKAGES.join()], environment);
  if (status !== 0) throw new Error(errors);
  using root = await NativeRoot.unpack(environment.XDG_DATA_HOME ?? "", IMAGE);
  await using compositor = await Compositor.start({ width: 1280, height: 800 });
  const bench = new ReadyBench(compositor, root, { ...environment, WAYLAND_DISPLAY: compositor.socketPath });
  const starts: Record<string, Record<ReadyWay, number[]>> = {};
  for (const [app, words] of Object.entries(APPS).filter(([name]) => apps.length === 0 || apps.includes(name))) {
    const all = Object.fromEntries(WAYS.map((way): [string, number[]] => [way, []])) as Record<ReadyWay, number[]>;
    for (let round = 0; round < repeat; round++) {
      for (const way of WAYS) {
        const took = await bench.time(way, words);
        all[way].push(took);
        say(`${app}, ${way}: window after ${Math.round(took)} ms`);
      }
    }
    starts[app] = all;
  }
  return starts;
}

class ReadyBench {
  readonly #compositor: Compositor;
  readonly #root: NativeRoot;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(compositor: Compositor, root: NativeRoot, environment: Readonly<Record<string, string>>) {
    this.#compositor = compositor;
    this.#root = root;
    this.#environment = environment;
  }

  /** Milliseconds to the window, which is closed again. */
  async time(way: ReadyWay, words: readonly string[]): Promise<number> {
    if (way === "try") await this.#vitrine("stop", "--all", "--force");
    if (way.startsWith("try, ready")) await this.#oneReady();
    if (way.endsWith("no file in memory")) writeFileSync("/proc/sys/vm/drop_caches", "3");
    return way.startsWith("native") ? await this.#native(words) : await this.#try(words);
  }

  async #native(words: readonly string[]): Promise<number> {
    const home = ["env", `HOME=${this.#compositor.runtimeDir}/home`, ...words];
    const began = performance.now();
    const app = this.#compositor.spawn(...this.#root.command(home, this.#compositor.runtimeDir));
    const took = await this.#windowAfter(began);
    await endProcess(app);
    await this.#noWindow();
    return took;
  }

  async #try(words: readonly string[]): Promise<number> {
    const began = performance.now();
    const child = startVitrine(["try", IMAGE, "--", ...words], this.#environment);
    child.stdin?.end();
    child.stdout?.resume();
    child.stderr?.resume();
    const took = await this.#windowAfter(began);
    // So that the next one is being made when it ends.
    await eventually("waiting for the next machine", READY_DEADLINE_MS, async () =>
      (await this.#states()).some((state) => state === "preparing" || state === "ready") ? true : undefined,
    );
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
    await this.#noWindow();
    return took;
  }

  async #windowAfter(began: number): Promise<number> {
    await this.#compositor.sway.waitFor("the window", (windows) => windows[0], WINDOW_DEADLINE_MS);
    return performance.now() - began;
  }

  async #noWindow(): Promise<void> {
    const none = (windows: readonly unknown[]) => (windows.length === 0 ? true : undefined);
    await this.#compositor.sway.waitFor("its end", none, WINDOW_DEADLINE_MS);
  }

  /** Waits until a machine is ready and nothing else runs. */
  async #oneReady(): Promise<void> {
    await eventually("waiting for a ready machine", READY_DEADLINE_MS, async () =>
      (await this.#states()).join() === "ready" ? true : undefined,
    );
  }

  async #states(): Promise<string[]> {
    const listed: { state: string }[] = JSON.parse((await this.#vitrine("list", "--running", "--json")).out.toString());
    return listed.map(({ state }) => state);
  }

  #vitrine(...words: string[]) {
    return vitrine(words, this.#environment);
  }
}

/** The least of all rounds: other work on the machine only ever makes a start longer. */
export function printReady(starts: ReadyStarts): void {
  const rows = Object.entries(starts).map(([app, ways]) => {
    const least = (way: ReadyWay) => Math.min(...ways[way]);
    const ratio = least("try, ready, no file in memory") / least("native, no file in memory");
    return [
      app,
      ...WAYS.map((way) => least(way).toFixed(0)),
      ratio.toFixed(2),
      ratio <= WANTED_RATIO ? "met" : "not met",
    ];
  });
  process.stdout.write(formatTable(["to the window, ms", ...WAYS, "ratio, wanted <= 1", ""], rows));
}
