/** Content that is turned, scaled, cut out or put together: the picture is the native one, also when parts change. */
import { afterAll, beforeAll, test } from "bun:test";
import { wp_viewporter } from "../../../src/wayland/generated/viewporter.ts";
import { wl_compositor, wl_subcompositor } from "../../../src/wayland/generated/wayland.ts";
import type { Compositor } from "../../support/compositor.ts";
import { Canvas, show } from "./canvas.ts";
import { expectAsNative, startFloating } from "./pictures.ts";

const DEADLINE_MS = 60_000;
const [WIDTH, HEIGHT] = [240, 160];
const BYTES = WIDTH * HEIGHT * 4;
const TRANSFORMS = ["normal", "90", "180", "270", "flipped", "flipped-90", "flipped-180", "flipped-270"];
/** wl_output.transform: odd ones lie on their side. */
const onSide = (transform: number) => transform % 2 === 1;

let compositor: Compositor;
beforeAll(async () => {
  compositor = await startFloating();
}, DEADLINE_MS);
afterAll(() => compositor.stop());

test.each(TRANSFORMS.map((name, transform): [string, number] => [name, transform]))(
  "a buffer turned %s, and parts of it by both kinds of damage",
  (_name, transform) => {
    const [width, height] = onSide(transform) ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, BYTES);
      const picture = canvas.picture(0, width, height);
      canvas.draw(picture, 1);
      client.request(surface, "set_buffer_transform", [transform]);
      client.request(surface, "attach", [picture.buffer, 0, 0]);
      client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      await look();
      canvas.draw(picture, 2, { x: 10, y: 20, width: 30, height: 50 });
      client.request(surface, "attach", [picture.buffer, 0, 0]);
      client.request(surface, "damage_buffer", [10, 20, 30, 50]);
      await show(client, surface);
      await look();
      // In units of the surface, where all of the buffer may have changed.
      canvas.draw(picture, 3);
      client.request(surface, "attach", [picture.buffer, 0, 0]);
      client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      await look();
    });
  },
  DEADLINE_MS,
);

test(
  "a buffer of scale 2, and parts of it",
  () => {
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, 4 * BYTES);
      const picture = canvas.picture(0, 2 * WIDTH, 2 * HEIGHT);
      client.request(surface, "set_buffer_scale", [2]);
      for (const [seed, damage] of [
        [1, [0, 0, WIDTH, HEIGHT]],
        [2, [7, 9, 21, 33]],
      ] as const) {
        const [x, y, width, height] = damage;
        canvas.draw(picture, seed, { x: 2 * x, y: 2 * y, width: 2 * width, height: 2 * height });
        client.request(surface, "attach", [picture.buffer, 0, 0]);
        client.request(surface, "damage", [...damage]);
        await show(client, surface);
        await look();
      }
    });
  },
  DEADLINE_MS,
);

const fixed = (value: number) => value * 256;

test(
  "a viewport that cuts out and stretches, and damage seen through it",
  () => {
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, BYTES);
      const picture = canvas.picture(0, WIDTH, HEIGHT);
      canvas.draw(picture, 1);
      const viewport = client.create(client.bind(wp_viewporter), "get_viewport", [surface]);
      client.request(viewport, "set_source", [fixed(20), fixed(10), fixed(120), fixed(80)]);
      client.request(viewport, "set_destination", [WIDTH, HEIGHT]);
      client.request(surface, "attach", [picture.buffer, 0, 0]);
      client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      await look();
      for (const [request, ...damage] of [
        ["damage", 0, 0, WIDTH, HEIGHT],
        ["damage_buffer", 30, 20, 40, 40],
      ] as const) {
        canvas.draw(picture, damage[0] + 5, { x: 30, y: 20, width: 40, height: 40 });
        client.request(surface, "attach", [picture.buffer, 0, 0]);
        client.request(surface, request, [...damage]);
        await show(client, surface);
        await look();
      }
      // Another part of the same buffer, without new content.
      client.request(viewport, "set_source", [fixed(100), fixed(60), fixed(60), fixed(40)]);
      await show(client, surface);
      await look();
      // sway 1.7 shows the old part until something else changes, when an app has none and says nothing of damage.
      client.request(viewport, "destroy", []);
      client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      await look();
    });
  },
  DEADLINE_MS,
);

test(
  "subsurfaces change with their parent when synchronized, and at once when not",
  () => {
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, 4 * BYTES);
      const background = canvas.picture(0, WIDTH, HEIGHT);
      canvas.draw(background, 1);
      const child = client.create(client.bind(wl_compositor), "create_surface", []);
      const role = client.create(client.bind(wl_subcompositor), "get_subsurface", [child, surface]);
      const pictures = [1, 2, 3].map((at) => canvas.picture(at * BYTES, 60, 40));
      for (const [index, picture] of pictures.entries()) canvas.draw(picture, 10 + index);
      const attach = (index: number) => {
        client.request(child, "attach", [pictures[index]?.buffer ?? null, 0, 0]);
        client.request(child, "damage", [0, 0, 60, 40]);
      };
      client.request(role, "set_position", [20, 30]);
      attach(0);
      client.request(child, "commit", []);
      client.request(surface, "attach", [background.buffer, 0, 0]);
      client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      await look();
      // Committed, but not by the parent: nothing may be seen of it.
      attach(1);
      client.request(role, "set_position", [100, 90]);
      client.request(child, "commit", []);
      await client.roundtrip();
      await look();
      await show(client, surface);
      await look();
      client.request(role, "set_desync", []);
      attach(2);
      await show(client, child);
      await look();
      client.request(role, "place_below", [surface]);
      await show(client, surface);
      await look();
      client.request(role, "destroy", []);
      await show(client, surface);
      await look();
    });
  },
  DEADLINE_MS,
);
