/** Data that nobody asked for, types that are none, transfers that are forged, used twice, or never begin. */
import { expect } from "bun:test";
import { setNonBlocking } from "../../../src/sys/fd.ts";
import { pipe } from "../../../src/sys/process.ts";
import { writeSome } from "../../../src/sys/socket.ts";
import { runTool } from "../../support/processes.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import { type Attack, byApp, byBoth, byGuest, clipped, displayError, error, IGNORED, type Scene } from "./attack.ts";

const FORGED = 0xdead_beef;
const TYPE = "text/plain";
const NO_TRANSFER = displayError("wl_display", "invalid_method");
/** What must never be offered to anybody. */
const NO_TYPES = {
  "a MIME type with controls": "text/plain\u001b[2J",
  "a MIME type with a line break": "text/plain\nX-Header: 1",
  "a MIME type that reads backwards": "text/\u202enialp",
  "an empty MIME type": "",
  "a MIME type that is a path": "../../etc/passwd",
  "a MIME type of 4000 characters": `text/${"x".repeat(4000)}`,
  "a MIME type of 65 000 characters": `text/${"x".repeat(65_000)}`,
};
const MANAGER = { needs: ["wl_data_device_manager"] };
const FOCUS = { needs: ["pointer", "wl_data_device_manager"] };
/** More than all pipes, windows and queues between a writer and a reader who has stopped hold together. */
const MAX_STALLED_BYTES = 16 * 1024 * 1024;

function source(scene: Scene): ClientObject {
  return scene.client.create(scene.bind("wl_data_device_manager"), "create_data_source", []);
}

const offering =
  (...types: readonly string[]) =>
  (scene: Scene) => {
    const made = source(scene);
    for (const type of types) scene.client.request(made, "offer", [type]);
  };

function device(scene: Scene, seat = scene.bind("wl_seat")): ClientObject {
  return scene.client.create(scene.bind("wl_data_device_manager"), "get_data_device", [seat]);
}

interface Clipboard {
  readonly source: ClientObject;
  readonly device: ClientObject;
  readonly offer: ClientObject;
  readonly serial: number;
}

/** The attacker has the focus and has copied something, which is offered to it. The last of `types` is the first to come. */
async function copied(scene: Scene, types: readonly string[] = [TYPE]): Promise<Clipboard> {
  const { client } = scene;
  const seat = scene.bind("wl_seat");
  const keyboard = client.create(seat, "get_keyboard", []);
  const made = device(scene, seat);
  await scene.window();
  const { args } = await client.next(keyboard, "enter");
  const [serial] = args as [number];
  const copy = source(scene);
  for (const type of types) client.request(copy, "offer", [type]);
  client.request(made, "set_selection", [copy, serial]);
  for (;;) {
    const { created } = await client.next(made, "data_offer");
    const [offer] = created;
    if (offer !== undefined && (await client.next(offer, "offer")).args[0] === types.at(-1)) {
      return { source: copy, device: made, offer, serial };
    }
  }
}

/** A request for the data, whose descriptor is never read. */
function receive(scene: Scene, offer: ClientObject, type: string, token: number): void {
  if (scene.by === "guest") {
    scene.link("transfer", [token]);
    scene.client.request(offer, "receive", [type]);
    return;
  }
  const [readEnd, writeEnd] = pipe();
  scene.keep(readEnd);
  using given = writeEnd;
  scene.client.request(offer, "receive", [type], [given]);
}

const onOffer =
  (act: (scene: Scene, clipboard: Clipboard) => void | Promise<void>) =>
  async (scene: Scene): Promise<void> => {
    await act(scene, await copied(scene));
  };

export const CLIPBOARD_AND_DATA: readonly Attack[] = [
  ...Object.entries(NO_TYPES).map(([name, type]) => byBoth(name, IGNORED, offering(type), MANAGER)),
  byBoth(
    "types that are none, among one that is",
    clipped(() => {}),
    async (scene) => {
      const { offer } = await copied(scene, [...Object.values(NO_TYPES), TYPE]);
      await scene.client.roundtrip();
      expect(offer.take("offer")).toBeUndefined();
    },
    FOCUS,
  ),
  byBoth(
    "five hundred MIME types",
    displayError("wl_data_source", "no_memory"),
    offering(...Array.from({ length: 500 }, (_, at) => `text/x-${at}`)),
    MANAGER,
  ),
  byBoth(
    "a thousand sources",
    displayError("wl_display", "no_memory"),
    (scene) => {
      for (let count = 0; count < 1000; count++) offering(TYPE)(scene);
    },
    MANAGER,
  ),
  byBoth(
    "actions that are none",
    error("wl_data_source", "invalid_action_mask"),
    (scene) => {
      scene.client.request(source(scene), "set_actions", [0xff00]);
    },
    { ...MANAGER },
  ),
  byBoth(
    "a clipboard taken with a serial that never was, without the focus",
    clipped(async ({ stage }) => {
      const listed = await runTool("wl-paste", ["--list-types"], stage.compositor.environment).catch(String);
      expect(listed).not.toContain("stolen");
    }),
    (scene) => {
      const made = source(scene);
      scene.client.request(made, "offer", ["application/x-stolen"]);
      scene.client.request(device(scene), "set_selection", [made, FORGED]);
    },
    FOCUS,
  ),
  byBoth(
    "a drag without a press",
    IGNORED,
    async (scene) => {
      const { surface } = await scene.window();
      scene.client.request(device(scene), "start_drag", [source(scene), surface, null, FORGED]);
    },
    FOCUS,
  ),
  byBoth(
    "a drag of somebody else's surface",
    IGNORED,
    (scene) => {
      scene.send(device(scene).id, "wl_data_device", "start_drag", [0, 4321, 0, 1]);
    },
    FOCUS,
  ),
  byBoth(
    "a thousand changes of the clipboard",
    IGNORED,
    onOffer(({ client }, { device: made, source: copy, serial }) => {
      for (let count = 0; count < 1000; count++)
        client.request(made, "set_selection", [count % 2 ? null : copy, serial]);
    }),
    { ...FOCUS },
  ),
  byBoth(
    "a source destroyed while it is the clipboard",
    IGNORED,
    onOffer(({ client }, { source: copy, offer }) => {
      client.request(copy, "destroy", []);
      client.request(offer, "accept", [FORGED, null]);
    }),
    FOCUS,
  ),
  byBoth(
    "data of a type that was never offered",
    IGNORED,
    onOffer((scene, { offer }) => receive(scene, offer, "image/x-never", 1)),
    FOCUS,
  ),
  byBoth(
    "data of a type with controls",
    displayError("wl_data_offer", "invalid_method"),
    onOffer((scene, { offer }) => receive(scene, offer, "text/\u0007", 1)),
    FOCUS,
  ),
  byBoth(
    "data asked for a hundred times, and never read",
    IGNORED,
    onOffer((scene, { offer }) => {
      for (let token = 1; token <= 100; token++) receive(scene, offer, TYPE, token);
    }),
    FOCUS,
  ),
  byBoth(
    "a drop finished that never was",
    error("wl_data_offer", "invalid_finish"),
    onOffer(({ client }, { offer }) => {
      client.request(offer, "finish", []);
    }),
    { ...FOCUS },
  ),
  byApp(
    "a clipboard of endless bytes for a reader who has stopped",
    clipped(() => {}),
    onOffer(async (scene, { offer, source: copy }) => {
      receive(scene, offer, TYPE, 1);
      const { fds } = await scene.client.next(copy, "send");
      const [fd] = fds;
      if (fd === undefined) throw new Error("data are to be written without a descriptor");
      using writer = fd;
      setNonBlocking(writer, true);
      const chunk = new Uint8Array(65_536);
      let written = 0;
      // Given time to flow on, it stalls for good.
      for (let full = 0; full < 20; ) {
        const count = writeSome(writer, chunk);
        if (count !== "again") written += count;
        else full += 1;
        if (count === "again") await scene.stage.bystand();
        expect(written).toBeLessThan(MAX_STALLED_BYTES);
      }
    }),
    FOCUS,
  ),
  byGuest(
    "a descriptor that was not announced",
    NO_TRANSFER,
    onOffer(({ client }, { offer }) => {
      client.request(offer, "receive", [TYPE]);
    }),
    FOCUS,
  ),
  byGuest(
    "a descriptor announced as number 0",
    NO_TRANSFER,
    onOffer((scene, { offer }) => receive(scene, offer, TYPE, 0)),
    FOCUS,
  ),
  byGuest(
    "a descriptor announced for a request that has none",
    NO_TRANSFER,
    onOffer((scene, { offer }) => {
      scene.link("transfer", [5]);
      scene.client.request(scene.surface(), "commit", []);
      scene.client.request(offer, "receive", [TYPE]);
    }),
    FOCUS,
  ),
  byGuest(
    "one transfer announced for two requests",
    IGNORED,
    onOffer((scene, { offer }) => {
      for (let count = 0; count < 2; count++) receive(scene, offer, TYPE, 7);
    }),
    FOCUS,
  ),
  byGuest(
    "a transfer whose stream is opened twice",
    clipped(() => {}),
    onOffer(async (scene, { offer }) => {
      receive(scene, offer, TYPE, 7);
      for (let count = 0; count < 2; count++) scene.keep(scene.rig.openTransfer(scene.number, "guest", 7));
    }),
    FOCUS,
  ),
  byGuest("streams for transfers that were never announced", IGNORED, (scene) => {
    for (let token = 1; token <= 100; token++) scene.keep(scene.rig.openTransfer(scene.number, "guest", token));
  }),
  byGuest("streams that answer transfers the host never announced", IGNORED, (scene) => {
    for (let token = 1; token <= 100; token++) scene.keep(scene.rig.openTransfer(scene.number, "host", token));
  }),
  byGuest("streams for the transfers of another connection", IGNORED, (scene) => {
    for (let client = 0; client < 50; client++) scene.keep(scene.rig.openTransfer(client, "guest", 1));
  }),
];
