/**
 * The display process of a sandbox (contract/display-process.ts): what apps can speak to runs here, inside walls, with what it
 * has inherited and nothing else. It ends with its supervisor.
 */
import { VitrineError } from "../../../base/error.ts";
import { validate } from "../../../base/untrusted.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import {
  DISPLAY_PROCESS_FD,
  displayKeeperContract,
  displayProcessContract,
  displayStreamHeader,
} from "../../../channel/contract/display-process.ts";
import type { TraceOptions } from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { Mux } from "../../../channel/mux.ts";
import { RpcPeer } from "../../../channel/rpc.ts";
import { OwnedFd } from "../../../sys/fd.ts";
import { filePagesReleaser } from "../../../sys/file-pages.ts";
import { unpackPolicy } from "../../policy/packed.ts";
import { TraceStream } from "../trace/trace-stream.ts";
import { Shown } from "./shown.ts";

/** How often at most the supervisor is told that apps have said something, in milliseconds. */
const HEARD_INTERVAL_MS = 100;

let shown: Shown | undefined;

function theShown(): Shown {
  if (shown === undefined) throw new VitrineError("protocol", 'Cannot serve the display: "open" comes first');
  return shown;
}

/** A function that calls `act`, but not more often than every `milliseconds`. */
function atMostEvery(milliseconds: number, act: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < milliseconds) return;
    last = now;
    act();
  };
}

function serve(stream: ByteStream): void {
  const filePages = filePagesReleaser();
  const heard = atMostEvery(HEARD_INTERVAL_MS, () => rpc.emit("heard", {}));
  const rpc = new RpcPeer(stream, {
    serves: displayProcessContract,
    calls: displayKeeperContract,
    handlers: {
      open: async (settings) => {
        shown = await Shown.open(settings, {
          windows: (count) => {
            rpc.emit("windows", { count });
            filePages.busy();
          },
          firstFrame: () => rpc.emit("firstFrame", {}),
          compositorLost: () => rpc.emit("compositorLost", {}),
          trail: (client, lines) => rpc.emit("trail", { client, lines: [...lines] }),
          notice: (severity, message) => rpc.emit("notice", { severity, message }),
          reopen: async () => (await rpc.call("reopen", {})).layout,
        });
        filePages.busy();
        return {};
      },
      setPolicy: ({ policy }) => ({ ended: theShown().setPolicy(unpackPolicy(policy)) }),
      mintActivationToken: ({ hostToken }) => ({ token: theShown().mintActivationToken(hostToken) }),
      moveToUser: ({ hostToken }) => {
        theShown().moveToUser(hostToken);
        return {};
      },
      setClockOffset: ({ nanoseconds }) => {
        theShown().setClockOffset(BigInt(nanoseconds));
        return {};
      },
      setLayout: ({ layout }) => {
        theShown().setLayout(layout);
        return {};
      },
      listen: ({ on }) => {
        theShown().listen(on ? heard : undefined);
        return {};
      },
      close: async () => {
        await shown?.close();
        return {};
      },
    },
  });
  rpc.onClose(() => process.exit(0));
}

/** Shows the messages of apps to whoever is at the other end. */
function trace(stream: ByteStream, options: TraceOptions): void {
  let stop: (() => void) | undefined;
  const caller = new TraceStream(stream, () => stop?.());
  try {
    stop = theShown().trace(options, (record) => caller.show(record));
    caller.begin();
  } catch (error) {
    caller.refuse(VitrineError.from(error).message);
  }
}

const mux = new Mux(fdStream(OwnedFd.own(DISPLAY_PROCESS_FD.mux)), "server");
mux.onClose(() => process.exit(0));
mux.onStream((stream, raw) => {
  const header = validate(raw, (value) => displayStreamHeader.parse(value));
  if (header.kind === "rpc") serve(stream);
  else trace(stream, header.options);
});
