/**
 * Sequences that lead somewhere: random requests alone would hardly ever open a window. They are plans, not laws: the
 * generator puts other operations in between and leaves some out.
 */
import type { Argument, Operation, Reference } from "./operation.ts";
import type { Random } from "./random.ts";

export type Way = "app" | "guest" | "stream";
type Plan = (random: Random, way: Way, nextBuffer: number) => Operation[];

const XRGB8888 = 1;
const SYNC: Operation = { do: "sync" };

/** The one made last. */
const last = (of: string): Reference => ({ of, pick: -1 });
const some = (of: string, random: Random): Reference => ({ of, pick: random.below(100) });
const ask = (on: string | Reference, name: string, ...args: readonly Argument[]): Operation => ({
  do: "request",
  on: typeof on === "string" ? last(on) : on,
  name,
  args,
});
const make = (interfaceName: string): Argument => ({ make: interfaceName });
const input = (what: Extract<Operation, { do: "input" }>["what"], random: Random): Operation => ({
  do: "input",
  what,
  at: random.below(1000),
});

/** Content for a surface, and its commit. */
const draw: Plan = (random, way, nextBuffer) => {
  const [width, height] = [random.between(1, 200), random.between(1, 200)];
  const content: Operation[] =
    way === "app"
      ? [
          ask("wl_shm", "create_pool", make("wl_shm_pool"), { file: "memory" }, width * height * 4),
          ask("wl_shm_pool", "create_buffer", make("wl_buffer"), 0, width, height, width * 4, XRGB8888),
          ask("wl_surface", "attach", last("wl_buffer"), 0, 0),
        ]
      : [
          { do: "link", name: "buffer_create", args: [nextBuffer, 0, width, height, width * 4, XRGB8888] },
          { do: "link", name: "attach", args: [last("wl_surface"), nextBuffer, 0, 0] },
        ];
  return [...content, ask("wl_surface", "damage", 0, 0, width, height), ask("wl_surface", "commit")];
};

const configured: Plan = (random, way, nextBuffer) => [
  ask("wl_surface", "commit"),
  SYNC,
  ask("xdg_surface", "ack_configure", { serial: "configure" }),
  ...draw(random, way, nextBuffer),
];

const PLANS: Readonly<Record<string, Plan>> = {
  draw,
  window: (random, way, nextBuffer) => [
    ask("wl_compositor", "create_surface", make("wl_surface")),
    ask("xdg_wm_base", "get_xdg_surface", make("xdg_surface"), last("wl_surface")),
    ask("xdg_surface", "get_toplevel", make("xdg_toplevel")),
    ...configured(random, way, nextBuffer),
  ],
  popup: (random, way, nextBuffer) => [
    ask("wl_compositor", "create_surface", make("wl_surface")),
    ask("xdg_wm_base", "create_positioner", make("xdg_positioner")),
    ask("xdg_positioner", "set_size", random.between(1, 200), random.between(1, 200)),
    ask("xdg_positioner", "set_anchor_rect", 0, 0, random.between(1, 50), random.between(1, 50)),
    ask("xdg_wm_base", "get_xdg_surface", make("xdg_surface"), last("wl_surface")),
    ask("xdg_surface", "get_popup", make("xdg_popup"), some("xdg_surface", random), last("xdg_positioner")),
    ...configured(random, way, nextBuffer),
  ],
  subsurface: (random, way, nextBuffer) => [
    ask("wl_compositor", "create_surface", make("wl_surface")),
    ask("wl_subcompositor", "get_subsurface", make("wl_subsurface"), last("wl_surface"), some("wl_surface", random)),
    ask("wl_subsurface", "set_position", random.between(-50, 200), random.between(-50, 200)),
    ...draw(random, way, nextBuffer),
    ask(some("wl_surface", random), "commit"),
  ],
  cursor: (random, way, nextBuffer) => [
    ask("wl_seat", "get_pointer", make("wl_pointer")),
    input("move", random),
    SYNC,
    ask("wl_compositor", "create_surface", make("wl_surface")),
    ask("wl_pointer", "set_cursor", { serial: "input" }, last("wl_surface"), 0, 0),
    ...draw(random, way, nextBuffer),
  ],
  clipboard: (random) => [
    ask("wl_seat", "get_keyboard", make("wl_keyboard")),
    ask("wl_data_device_manager", "get_data_device", make("wl_data_device"), last("wl_seat")),
    ask("wl_data_device_manager", "create_data_source", make("wl_data_source")),
    ask("wl_data_source", "offer", "text/plain"),
    input("key", random),
    SYNC,
    ask("wl_data_device", "set_selection", last("wl_data_source"), { serial: "input" }),
    SYNC,
    ask("wl_data_offer", "receive", "text/plain", { file: "pipe" }),
    SYNC,
  ],
  drag: (random) => [
    ask("wl_seat", "get_pointer", make("wl_pointer")),
    ask("wl_data_device_manager", "get_data_device", make("wl_data_device"), last("wl_seat")),
    ask("wl_data_device_manager", "create_data_source", make("wl_data_source")),
    ask("wl_data_source", "offer", "text/uri-list"),
    input("move", random),
    input("press", random),
    SYNC,
    ask("wl_data_device", "start_drag", last("wl_data_source"), some("wl_surface", random), null, { serial: "input" }),
    input("move", random),
    SYNC,
    input("release", random),
    SYNC,
  ],
  "take apart": (random) => {
    // In any order, not the right one alone.
    const kinds = [
      "xdg_toplevel",
      "xdg_popup",
      "xdg_surface",
      "wl_subsurface",
      "wl_surface",
      "wl_buffer",
      "xdg_wm_base",
    ];
    return kinds
      .map((of) => ({ of, at: random.chance(0.7) ? 0 : random.fraction() }))
      .sort((a, b) => a.at - b.at)
      .map(({ of }) => ask(some(of, random), "destroy"));
  },
};

/** One of the plans. */
export function plan(random: Random, way: Way, nextBuffer: number): Operation[] {
  return PLANS[random.pick(Object.keys(PLANS)) ?? "draw"]?.(random, way, nextBuffer) ?? [];
}
