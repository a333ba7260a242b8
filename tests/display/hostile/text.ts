/** Text that a person or a program of the host will read: titles, names, and what is logged of them. */
import { expect } from "bun:test";
import { type Attack, byBoth, clipped, displayError, IGNORED, type Outcome, type Scene } from "./attack.ts";

/** Longest title in a message that the wire has room for. */
const LONG = 65_000;
const MAX_TITLE_CHARS = 256;

/** A window with that title; sway shows what became of it. */
const titled = (title: string, shown: string): [Outcome, (scene: Scene) => Promise<void>] => [
  clipped((scene) => seen(scene, (window) => expect(window.name).toBe(shown))),
  async (scene) => void (await scene.window({ appId: "text", title })),
];

/** A window with that id. */
const named = (appId: string, shown: string): [Outcome, (scene: Scene) => Promise<void>] => [
  clipped((scene) => seen(scene, (window) => expect(window.app_id).toBe(`vitrine.test.${shown}`))),
  async (scene) => void (await scene.window({ appId, title: "text" })),
];

interface Named {
  readonly name: string | null;
  readonly app_id?: string | null;
}

async function seen({ stage }: Scene, look: (window: Named) => void): Promise<void> {
  if (stage.compositor.kind !== "sway") return;
  const windows = await stage.compositor.sway.windows();
  const window = windows.find((candidate) => candidate.app_id !== "vitrine.test.bystander");
  expect(window).toBeDefined();
  if (window !== undefined) look(window);
}

const attack = (name: string, [outcome, act]: readonly [Outcome, (scene: Scene) => Promise<void>]) =>
  byBoth(name, outcome, act);

export const TEXT: readonly Attack[] = [
  attack("a title with terminal escapes", titled("a\u001b[31m\u0007b", "a\ufffd[31m\ufffdb")),
  attack("a title that reads backwards", titled("exe\u202egpj.\u2066x\u2069", "exe\ufffdgpj.\ufffdx\ufffd")),
  attack("a title with line breaks and separators", titled("a\nb\r\u2028c\u2029", "a\ufffdb\ufffd\ufffdc\ufffd")),
  attack("a title with invisible characters", titled("pay\u200bpal\ufeff\u00ad", "pay\ufffdpal\ufffd\ufffd")),
  attack("a title with C1 controls and private characters", titled("\u009b2J\ue000", "\ufffd2J\ufffd")),
  attack("a title of 65 000 characters", titled("x".repeat(LONG), `${"x".repeat(MAX_TITLE_CHARS - 1)}…`)),
  attack("a title cut in the middle of a character", titled("😀".repeat(200), `${"😀".repeat(127)}\ufffd…`)),
  attack("an empty title", titled("", "")),
  attack("the id of a program of the host", named("org.mozilla.firefox", "org.mozilla.firefox")),
  attack("an id that is a path", named("../../etc/passwd", ".._.._etc_passwd")),
  attack("an id with escapes", named("a\u001b]0;b\u202e", "a__0_b_")),
  attack("an id of 65 000 characters", named("y".repeat(LONG), "y".repeat(128))),
  attack("an empty id", named("", "app")),
  byBoth("a thousand titles of 60 000 characters", IGNORED, async (scene) => {
    const { toplevel } = await scene.window();
    const title = "z".repeat(60_000);
    for (let count = 0; count < 1000; count++) scene.client.request(toplevel, "set_title", [title]);
  }),
  byBoth("a refusal that would quote the guest", displayError("wl_registry", "invalid_object"), (scene) =>
    scene.send(2, "wl_registry", "bind", [
      1,
      { interface: "\u001b[2J\u202eevil", version: 1, id: scene.newId("wl_seat") },
    ]),
  ),
];
