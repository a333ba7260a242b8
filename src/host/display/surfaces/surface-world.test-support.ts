/**
 * A guest's window and subsurfaces in the host half, with one compositor that is told what the guest says, and one that is
 * told what the host half says. What the two show is compared.
 */
import { wp_viewport, wp_viewporter } from "../../../wayland/generated/viewporter.ts";
import { wl_compositor, wl_subcompositor, wl_subsurface, wl_surface } from "../../../wayland/generated/wayland.ts";
import { xdg_surface } from "../../../wayland/generated/xdg-shell.ts";
import { insetsOf, type Look, stripsAround } from "../frame/measures.ts";
import type { FrameHost } from "../frame/part.ts";
import { WindowFrame } from "../frame/window-frame.ts";
import type { SurfaceBuffer } from "./change.ts";
import { close, isOutOfSight, same, text } from "./compare-rects.test-support.ts";
import { GuestSurface } from "./guest-surface.ts";
import { ModelCompositor, type Shown } from "./model-compositor.test-support.ts";
import { atOrigin, intersect, type Rect, type Size } from "./rect.ts";
import { showTree, tellOrder } from "./show.ts";

const FRAME = "frame";
/** Of each surface, its parent; the first is the window. */
export const PARENTS = [undefined, 0, 0, 1, 2] as const;

/** One request of the guest, or what the compositor wants of the window's look and size. */
export type Step =
  | { kind: "attach"; surface: number; width: number; height: number; scale: number }
  | { kind: "detach" | "commit"; surface: number }
  | { kind: "position"; child: number; x: number; y: number }
  | { kind: "sync" | "desync" | "leave"; child: number }
  | { kind: "geometry"; rectangle: Rect }
  | { kind: "destination"; surface: number; size: Size | undefined }
  | { kind: "look"; titleBar: boolean; room: Size | undefined }
  /** Another compositor takes the place of the one that is told what the host half says. */
  | { kind: "crash" };

export class World {
  readonly native = new ModelCompositor();
  host = new ModelCompositor();
  readonly #surfaces: GuestSurface[] = [];
  readonly #nativeIds: number[] = [];
  readonly #nativeSubsurfaces: number[] = [];
  readonly #nativeViewports: number[] = [];
  readonly #nativeXdgSurface: number;
  #side: FrameHost;
  /** Children in the order in which they were put on their parents. */
  #joined: number[] = [];
  /** How often each memory waits to be shown. */
  readonly held = new Map<string, number>();
  #look: Look = "border";
  #room: Size | undefined;
  /** As of the last commit. */
  #roomShown: Size | undefined;
  #memories = 0;

  constructor() {
    const { native, host } = this;
    this.#side = this.#connect();
    for (const _ of PARENTS) {
      const [nativeId, hostId, viewport] = [native.newId(), host.newId(), native.newId()];
      native.send(native.compositor, wl_compositor, "create_surface", [nativeId]);
      host.send(host.compositor, wl_compositor, "create_surface", [hostId]);
      this.#nativeIds.push(nativeId);
      this.#nativeViewports.push(viewport);
      native.send(native.viewporter, wp_viewporter, "get_viewport", [viewport, nativeId]);
      this.#surfaces.push(new GuestSurface(nativeId, hostId, 6));
    }
    PARENTS.forEach((parent, index) => {
      if (parent !== undefined) this.#join(index, parent);
    });
    const root = this.#surface(0);
    root.role = "window";
    this.#nativeXdgSurface = native.addXdgSurface(this.#nativeIds[0] ?? 0);
    this.#makeFrame(root);
  }

  run(step: Step): void {
    switch (step.kind) {
      case "attach":
        return this.#attach(step.surface, step);
      case "detach":
        this.#nativeSurface(step.surface, "attach", [0, 0, 0]);
        return this.#surface(step.surface).pending.attach(undefined);
      case "commit": {
        this.#nativeSurface(step.surface, "commit", []);
        const committed = this.#surface(step.surface);
        if (committed.commit()) showTree(committed.root, this.#side, committed.parent === undefined);
        return;
      }
      case "position":
        if (this.#surface(step.child).parent === undefined) return;
        this.#nativeSubsurface(step.child, "set_position", [step.x, step.y]);
        this.#surface(step.child).nextPosition = { x: step.x, y: step.y };
        return;
      case "sync":
        if (this.#surface(step.child).parent === undefined) return;
        this.#nativeSubsurface(step.child, "set_sync", []);
        this.#surface(step.child).sync = true;
        return;
      case "desync": {
        const changed = this.#surface(step.child);
        if (changed.parent === undefined) return;
        this.#nativeSubsurface(step.child, "set_desync", []);
        if (changed.desynchronize()) showTree(changed.root, this.#side, false);
        return;
      }
      case "geometry": {
        const { x, y, width, height } = step.rectangle;
        this.native.send(this.#nativeXdgSurface, xdg_surface, "set_window_geometry", [x, y, width, height]);
        this.#surface(0).pending.geometry = step.rectangle;
        return;
      }
      case "destination": {
        const { width, height } = step.size ?? { width: -1, height: -1 };
        const viewport = this.#nativeViewports[step.surface] ?? 0;
        this.native.send(viewport, wp_viewport, "set_destination", [width, height]);
        this.#surface(step.surface).pending.destination = { value: step.size };
        return;
      }
      case "leave":
        return this.#leaveAndReturn(step.child);
      case "look":
        this.#look = step.titleBar ? "title-bar" : "border";
        this.#room = step.room;
        return;
      case "crash":
        return this.#crash();
      default:
        return step satisfies never;
    }
  }

  /** The host half's way to its compositor. There is no moment at which something is beyond the frame. */
  #connect(): FrameHost {
    const { host } = this;
    const send = host.send.bind(host);
    return Object.assign(host, {
      send: (...request: Parameters<typeof send>) => {
        send(...request);
        const fault = this.#enclosureFault();
        if (fault !== undefined) throw new Error(`after ${request[1].name}.${request[2]}: ${fault}`);
      },
      sheet: (_colour: number, size: Size) => {
        const bufferId = host.addBuffer({ memory: FRAME, x: 0, y: 0, ...size });
        return { bufferId, ...size, scale: 1, margin: 0 };
      },
      image: ({ width, height }: Size) => host.addBuffer({ memory: FRAME, x: 0, y: 0, width, height }),
      scaleOf: () => 1,
      claimInput: () => {},
    });
  }

  #makeFrame(root: GuestSurface): void {
    root.frame = new WindowFrame(this.#side, {
      surfaceHostId: root.hostId,
      xdgSurfaceHostId: this.host.addXdgSurface(root.hostId),
      colour: 0,
      look: () => this.#look,
      room: () => this.#room,
      titleBar: () => ({ name: "test", title: "", buttons: [] }),
      committing: () => {
        this.#roomShown = this.#room;
      },
      refresh: () => {},
      act: () => {},
    });
  }

  #crash(): void {
    const root = this.#surface(0);
    this.#side.send = () => {};
    root.frame?.dispose();
    root.frame = undefined;
    this.host = new ModelCompositor();
    this.#side = this.#connect();
    const { host } = this;
    for (const surface of this.#surfaces) {
      const hostId = host.newId();
      host.send(host.compositor, wl_compositor, "create_surface", [hostId]);
      surface.returned(hostId);
    }
    for (const index of this.#joined) {
      const child = this.#surface(index);
      child.subsurfaceHostId = host.newId();
      const args = [child.subsurfaceHostId, child.hostId, child.parent?.hostId ?? 0];
      host.send(host.subcompositor, wl_subcompositor, "get_subsurface", args);
    }
    this.#makeFrame(root);
    for (const surface of this.#surfaces) tellOrder(surface, this.#side);
    if (root.size !== undefined) showTree(root, this.#side, true);
  }

  /** How many surfaces the guest shows. */
  get asked(): number {
    return this.native.screen(this.#nativeIds[0] ?? 0).length;
  }

  /** Whether all that is on the compositor's screen lies in a whole frame. */
  #enclosureFault(): string | undefined {
    const { root, frame, others } = this.#screen();
    if (root === undefined) return undefined;
    const beyond = others.find((shown) => !isOutOfSight(shown) && !same(shown, intersect(shown, atOrigin(root))));
    return beyond === undefined ? this.#frameFault(root, frame) : `something is at ${text(beyond)}`;
  }

  #screen(): { root: Shown | undefined; frame: Shown[]; others: Shown[] } {
    const rootId = this.#surfaces[0]?.frame === undefined ? undefined : this.#surface(0).hostId;
    const [root, ...rest] = rootId === undefined ? [] : this.host.screen(rootId);
    const frame = rest.filter(({ memory }) => memory === FRAME);
    return { root, frame, others: rest.filter(({ memory }) => memory !== FRAME) };
  }

  /** What is wrong on the compositor's screen; undefined when nothing is. */
  fault(): string | undefined {
    const wanted = this.native.screen(this.#nativeIds[0] ?? 0);
    const { root, frame, others } = this.#screen();
    const [nativeRoot] = wanted;
    if (nativeRoot === undefined || root === undefined)
      return nativeRoot === root && frame.length + others.length === 0 ? undefined : "one shows something, one nothing";
    const geometry = this.native.geometryOf(this.#nativeIds[0] ?? 0);
    const asked = (geometry && intersect(geometry, nativeRoot)) ?? atOrigin(nativeRoot);
    const room = this.#roomShown ?? asked;
    const [width, height] = [Math.min(asked.width, room.width), Math.min(asked.height, room.height)];
    const visible = { ...asked, width, height };
    if (root.width !== visible.width || root.height !== visible.height) return "the window has another size";
    return this.#frameFault(root, frame) ?? this.#contentFault(visible, wanted, [root, ...others]);
  }

  #frameFault(root: Size, frame: readonly Shown[]): string | undefined {
    const candidates = (["border", "title-bar"] as const).map((look) => {
      const { left, top, right, bottom } = insetsOf(look);
      const strips = stripsAround(root, insetsOf(look));
      // Text and buttons lie on the bar.
      const pictures = frame.slice(strips.length);
      const bar = { x: 0, y: -top, width: root.width, height: look === "title-bar" ? top : 0 };
      const isWhole =
        strips.every((strip, index) => same(strip, frame[index])) &&
        pictures.every((picture) => same(picture, intersect(picture, bar)));
      const geometry = { x: -left, y: -top, width: root.width + left + right, height: root.height + top + bottom };
      return isWhole && same(geometry, this.host.geometryOf(this.#surface(0).hostId));
    });
    return candidates.includes(true) ? undefined : "the frame is not whole, or the geometry is another";
  }

  /** Every surface of the guest, against what it asked for. */
  #contentFault(visible: Rect, wanted: readonly Shown[], got: readonly Shown[]): string | undefined {
    for (const extra of got) {
      if (
        !wanted.some((native) => this.#surface(this.#nativeIds.indexOf(native.surface)).hostId === extra.surface) &&
        !isOutOfSight(extra)
      )
        return `surface ${extra.surface} is shown at ${text(extra)}, and should not be`;
    }
    for (const native of wanted) {
      const index = this.#nativeIds.indexOf(native.surface);
      const ours = got.find((shown) => shown.surface === this.#surface(index).hostId);
      if (ours === undefined) return `surface ${index} is not there`;
      const moved = { ...native, x: native.x - visible.x, y: native.y - visible.y };
      const part = this.#visibleTo(index, moved, wanted, visible);
      if (part === undefined) {
        if (!isOutOfSight(ours)) return `surface ${index} is not out of sight`;
        continue;
      }
      if (!same(ours, part)) return `surface ${index} is at ${text(ours)}, ${text(part)} is wanted`;
      if (ours.memory !== native.memory) return `surface ${index} shows "${ours.memory}", not "${native.memory}"`;
      // Of a single pixel, any part is all of it.
      if (native.source.width <= 1 && native.source.height <= 1) continue;
      const [kx, ky] = [native.source.width / native.width, native.source.height / native.height];
      const source = {
        x: native.source.x + (part.x - moved.x) * kx,
        y: native.source.y + (part.y - moved.y) * ky,
        width: part.width * kx,
        height: part.height * ky,
      };
      if (!close(ours.source, source)) return `surface ${index} shows ${text(ours.source)}, not ${text(source)}`;
    }
    return undefined;
  }

  /** The part of a surface that lies on all surfaces above it in the tree, and in the window. */
  #visibleTo(index: number, shown: Rect, wanted: readonly Shown[], visible: Rect): Rect | undefined {
    let part: Rect | undefined = intersect(shown, { x: 0, y: 0, width: visible.width, height: visible.height });
    for (let above = PARENTS[index]; above !== undefined; above = PARENTS[above]) {
      const parent = wanted.find((candidate) => candidate.surface === this.#nativeIds[above ?? 0]);
      if (parent === undefined || part === undefined) return undefined;
      part = intersect(part, { ...parent, x: parent.x - visible.x, y: parent.y - visible.y });
    }
    return part;
  }

  #attach(index: number, { width, height, scale }: Size & { scale: number }): void {
    const memory = `memory ${++this.#memories}`;
    const pixels = { memory, x: 0, y: 0, width: width * scale, height: height * scale };
    this.#nativeSurface(index, "set_buffer_scale", [scale]);
    this.#surface(index).pending.scale = scale;
    this.#nativeSurface(index, "attach", [this.native.addBuffer(pixels), 0, 0]);
    const count = (change: number) => this.held.set(memory, (this.held.get(memory) ?? 0) + change);
    const buffer: SurfaceBuffer = {
      width: pixels.width,
      height: pixels.height,
      hold: () => count(1),
      keep: () => count(1),
      drop: () => count(-1),
      view: (part) => ({ hostId: this.host.addBuffer({ ...pixels, ...part }), given: () => {} }),
    };
    this.#surface(index).pending.attach(buffer);
  }

  #leaveAndReturn(index: number): void {
    const left = this.#surface(index);
    const parent = PARENTS[index];
    if (parent === undefined) return;
    this.#nativeSubsurface(index, "destroy", []);
    this.host.send(left.subsurfaceHostId, wl_subsurface, "destroy", []);
    left.leaveParent();
    left.subsurfaceHostId = 0;
    this.#join(index, parent);
  }

  #join(index: number, parent: number): void {
    const { native, host } = this;
    const [nativeId, hostId] = [native.newId(), host.newId()];
    const [child, above] = [this.#surface(index), this.#surface(parent)];
    native.send(native.subcompositor, wl_subcompositor, "get_subsurface", [
      nativeId,
      this.#nativeIds[index] ?? 0,
      this.#nativeIds[parent] ?? 0,
    ]);
    this.#nativeSubsurfaces[index] = nativeId;
    child.becomeSubsurface(above, 1);
    host.send(host.subcompositor, wl_subcompositor, "get_subsurface", [hostId, child.hostId, above.hostId]);
    child.subsurfaceHostId = hostId;
    this.#joined = [...this.#joined.filter((other) => other !== index), index];
    above.frame?.adopt(hostId);
  }

  #nativeSurface(index: number, name: string, args: number[]): void {
    this.native.send(this.#nativeIds[index] ?? 0, wl_surface, name, args);
  }

  #nativeSubsurface(index: number, name: string, args: number[]): void {
    this.native.send(this.#nativeSubsurfaces[index] ?? 0, wl_subsurface, name, args);
  }

  #surface(index: number): GuestSurface {
    return this.#surfaces[index] as GuestSurface;
  }
}
