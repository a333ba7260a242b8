/**
 * Tries apps of the archive, each from nothing to nothing: installed, started, typed into, closed, built anew, taken back,
 * removed. Prints what it took as the table of docs/APPS.md.
 *
 *   bun tools/try-apps/main.ts [--brief] FOLDER [APP...]
 *
 * With --brief they are not built anew and taken back.
 *
 * A line for each app is added to FOLDER/results.jsonl, and screenshots are left there; apps that are in it are not tried
 * again. The machine should have nothing else to do: times are as they are.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ownDataHome, ownEnvironment, vitrine } from "../../src/cli/test-support.ts";
import { decodePng } from "../../src/host/desktop/png-decode.ts";
import { ensureBase } from "../../src/host/image/base-image.ts";
import { Compositor } from "../../tests/support/compositor.ts";
import { VirtualInput } from "../../tests/support/input.ts";
import { APPS, type TriedApp } from "./apps.ts";

/** Of the screen: no larger than the pictures that are decoded. */
const [WIDTH, HEIGHT] = [1024, 768];
const SUM = "12+34\n";
/** Apps under emulation draw for a while after their first frame; then a blinking cursor may go on. All in milliseconds. */
const REST_DEADLINE_MS = 60_000;
const REST_MS = 3000;
const CLOSE_DEADLINE_MS = 30_000;
/** How long a window may take beyond what `vitrine run` waits for, or after a splash, in milliseconds. */
const WINDOW_DEADLINE_MS = 400_000;
/** Keys that say "close, and do not save" to apps that ask: "Discard" or "Don't Save", then other words for it. */
const ANSWERS = [["alt+d"], ["alt+n"], ["alt+w"]] as const;
/** Pixels that must change for something to have been typed: a cursor has fewer. */
const TYPED_PIXELS = 100;

interface Result {
  readonly app: string;
  readonly toolkit: string;
  version?: string;
  /** Bytes. */
  layer?: number;
  fetched?: string;
  /** Milliseconds each; a start until the first frame. */
  install?: number;
  window?: number;
  update?: number;
  typed?: boolean;
  /** "asked": after it had asked whether to save, and was told not to. */
  closed?: "yes" | "asked" | "no";
  rolledBack?: boolean;
  removed?: boolean;
  failure?: string;
}

const words = process.argv.slice(2);
const brief = words[0] === "--brief";
const [folder = "", ...only] = brief ? words.slice(1) : words;
if (folder === "") {
  process.stderr.write("bun tools/try-apps/main.ts [--brief] FOLDER [APP...]\n");
  process.exit(64);
}
await main(resolve(folder));

async function main(place: string): Promise<void> {
  mkdirSync(join(place, "run"), { recursive: true, mode: 0o700 });
  await ensureBase("trixie");
  const compositor = await Compositor.start({ width: WIDTH, height: HEIGHT });
  using input = await VirtualInput.create(compositor.socketPath);
  const environment = {
    ...ownEnvironment(join(place, "run")),
    LANG: "en_US.UTF-8",
    XDG_DATA_HOME: existsSync(join(place, "data")) ? join(place, "data") : await ownDataHome(place),
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
    WAYLAND_DISPLAY: compositor.socketPath,
  };
  const file = join(place, "results.jsonl");
  const results = () =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .trim()
          .split("\n")
          .map((line): Result => JSON.parse(line))
      : [];
  try {
    const wanted = APPS.filter(({ app }) => only.length === 0 || only.includes(app));
    for (const tried of wanted) {
      if (results().some((result) => result.app === tried.app)) continue;
      const result = await new Trial(tried, place, compositor, input, environment).run();
      appendFileSync(file, `${JSON.stringify(result)}\n`);
      process.stderr.write(`${JSON.stringify(result)}\n`);
    }
  } finally {
    await vitrine(["stop", "--all", "--force"], environment);
    await compositor.stop();
  }
  process.stdout.write(table(results()));
}

class Trial {
  readonly #tried: TriedApp;
  readonly #result: Result;
  readonly #place: string;
  readonly #compositor: Compositor;
  readonly #input: VirtualInput;
  readonly #environment: Record<string, string>;
  #sandbox = "";

  constructor(
    tried: TriedApp,
    place: string,
    compositor: Compositor,
    input: VirtualInput,
    environment: Record<string, string>,
  ) {
    this.#tried = tried;
    this.#result = { app: tried.app, toolkit: tried.toolkit };
    this.#place = place;
    this.#compositor = compositor;
    this.#input = input;
    this.#environment = environment;
  }

  async run(): Promise<Result> {
    const result = this.#result;
    const { app } = result;
    try {
      await this.#install();
      result.window = await this.#start();
      result.typed = await this.#type();
      result.closed = await this.#close();
      // It may have stopped by itself meanwhile.
      await vitrine(["stop", this.#sandbox], this.#environment);
      if (!brief) await this.#rebuild(app);
    } catch (error) {
      result.failure = (error as Error).message.trim().split("\n").slice(0, 2).join(" ");
    }
    if (this.#sandbox !== "") await this.#remove();
    return result;
  }

  async #rebuild(app: string): Promise<void> {
    const began = performance.now();
    await this.#vitrine("update", "--force", "--no-snapshot", app);
    this.#result.update = performance.now() - began;
    await this.#vitrine("rollback", app);
    this.#result.rolledBack = true;
  }

  async #install(): Promise<void> {
    const { app } = this.#result;
    const began = performance.now();
    const { out, errors } = await this.#vitrine("install", "--no-snapshot", app);
    this.#result.install = performance.now() - began;
    const [, version, sandbox] = / (\S+) in sandbox ([a-z0-9-]+);/.exec(out) ?? [];
    if (version !== undefined) this.#result.version = version;
    this.#sandbox = sandbox ?? "";
    const fetched = /fetching \d+ packages?, (\d+ MB)/.exec(errors)?.[1];
    if (fetched !== undefined) this.#result.fetched = fetched;
    const config = join(this.#environment.XDG_DATA_HOME ?? "", "vitrine/sandboxes", this.#sandbox, "sandbox.json");
    this.#result.layer = JSON.parse(readFileSync(config, "utf8")).system.layer.bytes;
  }

  /** Milliseconds until the first frame. */
  async #start(): Promise<number> {
    // Booted: a snapshot that is taken meanwhile would be in the way of what follows.
    const { app, title } = this.#tried;
    const { sway } = this.#compositor;
    const began = performance.now();
    const { out } = await this.#vitrine("run", "--no-snapshot", "--timings", "--json", app);
    const { firstFrame } = JSON.parse(out) as { firstFrame?: number };
    try {
      if (firstFrame === undefined) {
        if ((await this.#log()).some((line) => / ended \d+: /.test(line))) throw new Error("it has ended");
        await sway.waitForWindow(() => true, WINDOW_DEADLINE_MS);
      }
      const shown = firstFrame ?? performance.now() - began;
      if (title !== undefined) await sway.waitForWindow(({ name }) => title.test(name ?? ""), WINDOW_DEADLINE_MS);
      return shown;
    } catch {
      throw new Error(`no window; last it said: ${await this.#lastWords()}`);
    }
  }

  async #log(): Promise<string[]> {
    return (await this.#vitrine("logs", this.#sandbox)).out.trim().split("\n");
  }

  async #lastWords(): Promise<string> {
    return (await this.#log()).slice(-3).join(" / ");
  }

  /** True when typing changed what is shown. */
  async #type(): Promise<boolean> {
    const { before: steps = [], text = SUM } = this.#tried;
    let before = await this.#rested("started", () => true);
    for (const step of steps) {
      await this.#do(step);
      before = await this.#rested("ready", () => true);
    }
    await this.#input.typeText(text);
    const after = await this.#rested("typed", (now) => difference(before, now) >= TYPED_PIXELS);
    if ((await this.#compositor.sway.windows()).length > 0) return difference(before, after) >= TYPED_PIXELS;
    throw new Error(`its window has gone; last it said: ${await this.#lastWords()}`);
  }

  async #do(step: string): Promise<void> {
    const [, x, y] = /^@(\d+),(\d+)$/.exec(step) ?? [];
    if (x === undefined || y === undefined) {
      await this.#input.chord(...(step.split("+") as Parameters<VirtualInput["chord"]>));
      return;
    }
    await this.#input.moveTo(Number(x), Number(y), WIDTH, HEIGHT);
    await this.#input.click();
  }

  /** The screen once no more than a cursor changes for a while and `accept` takes it, or as it is when that takes too long. */
  async #rested(name: string, accept: (picture: Buffer) => boolean): Promise<Buffer> {
    const path = join(this.#place, `${this.#sandbox}-${name}.png`);
    let last: Buffer | undefined;
    for (const end = Date.now() + REST_DEADLINE_MS; ; ) {
      await this.#compositor.screenshot(path);
      const now = readFileSync(path);
      const rests = last !== undefined && difference(last, now) < TYPED_PIXELS;
      if ((rests && accept(now)) || Date.now() > end) return now;
      last = now;
      await Bun.sleep(REST_MS);
    }
  }

  /** Closes it as a user does, by its window's button. */
  async #close(): Promise<"yes" | "asked" | "no"> {
    const { sway } = this.#compositor;
    const fewer = (than: number) =>
      sway.waitFor("fewer windows", (windows) => (windows.length < than ? windows : undefined), CLOSE_DEADLINE_MS);
    const close = async () => {
      const open = (await sway.windows()).length;
      await sway.command("kill");
      return await fewer(open).catch(() => undefined);
    };
    // What is closed may be a dialog, in front of its window.
    for (let left = await close(); left !== undefined; left = await close()) if (left.length === 0) return "yes";
    await this.#compositor.screenshot(join(this.#place, `${this.#sandbox}-asks.png`));
    for (const answer of this.#tried.discard ?? ANSWERS) {
      for (const step of answer) await this.#do(step);
      const gone = (windows: readonly unknown[]) => (windows.length === 0 ? true : undefined);
      if (await sway.waitFor("no window", gone, CLOSE_DEADLINE_MS).catch(() => false)) return "asked";
    }
    return "no";
  }

  async #remove(): Promise<void> {
    await vitrine(["stop", "--force", this.#sandbox], this.#environment);
    const { status } = await vitrine(["remove", "--yes", this.#sandbox], this.#environment);
    const data = this.#environment.XDG_DATA_HOME ?? "";
    const left = [...namesIn(join(data, "applications")), ...namesIn(join(data, "vitrine"))].filter(
      (name) => name.startsWith("vitrine.") || name.startsWith("layer-"),
    );
    this.#result.removed = status === 0 && left.length === 0;
  }

  async #vitrine(...words: string[]): Promise<{ out: string; errors: string }> {
    const { status, out, errors } = await vitrine(words, this.#environment);
    if (status === 0) return { out: out.toString(), errors };
    const said = errors.split("\n").find((line) => line.startsWith("vitrine: Cannot")) ?? errors.trim();
    throw new Error(`vitrine ${words[0]}: ${said}`);
  }
}

function namesIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/** Pixels that are not the same. */
function difference(before: Buffer, after: Buffer): number {
  const [one, other] = [decodePng(before), decodePng(after)];
  if (one === undefined || other === undefined) return 0;
  let count = 0;
  for (let at = 0; at < one.pixels.length; at += 4) {
    if (one.pixels[at] !== other.pixels[at] || one.pixels[at + 1] !== other.pixels[at + 1]) count++;
  }
  return count;
}

function table(results: readonly Result[]): string {
  const seconds = (value: number | undefined) => (value === undefined ? "" : `${(value / 1000).toFixed(0)} s`);
  const yes = (value: boolean | undefined) => (value === undefined ? "" : value ? "yes" : "no");
  const rows = results.map((result) => [
    `${result.app} ${result.version ?? ""}`,
    result.toolkit,
    result.fetched ?? "",
    result.layer === undefined ? "" : `${(result.layer / 1e6).toFixed(0)} MB`,
    seconds(result.install),
    seconds(result.window),
    yes(result.typed),
    result.closed === "asked" ? "yes, after it asked" : (result.closed ?? ""),
    seconds(result.update),
    yes(result.rolledBack),
    yes(result.removed),
    result.failure ?? "",
  ]);
  const head = [
    "app",
    "toolkit",
    "fetched",
    "layer",
    "install",
    "window",
    "typed",
    "closed",
    "built anew",
    "taken back",
    "removed",
    "failed",
  ];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");
}
