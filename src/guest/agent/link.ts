/**
 * The guest's end of the one byte pipe to the host: a virtio-serial port where the monitor has one, else a vsock
 * connection that the guest makes. Which of them the machine has is seen from its devices.
 */
import { constants } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { AGENT_PORT_NAME, AGENT_VSOCK_PORT } from "../../channel/contract/agent.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Interest, type Readiness, watch } from "../../sys/loop.ts";
import { openFile } from "../../sys/memory.ts";
import { checkConnected, connectVsock } from "../../sys/socket.ts";
import { findPort } from "./machine.ts";

/** The address of the host, vsock(7). */
const HOST_CID = 2;
/** How often a host may go before it has said anything: once for each time that this machine was saved. */
export const MAX_SILENT_HOSTS = 16;

/** Opens the pipe. Throws VitrineError "unavailable" when there is none, or nobody at its other end. */
export async function openLink(): Promise<ByteStream> {
  const port = findPort(AGENT_PORT_NAME);
  if (port !== undefined) return fdStream(openFile(port, constants.O_RDWR | constants.O_NONBLOCK));
  return fdStream(await connectToHost(() => connectVsock(HOST_CID, AGENT_VSOCK_PORT)));
}

/**
 * Connects, and waits until the host speaks. A connection that ends before that was to the host of a machine that has
 * been saved since: this machine now goes on with another host, to which a new connection is made. `connect` returns a
 * connection that may still be under way.
 */
export async function connectToHost(connect: () => OwnedFd): Promise<OwnedFd> {
  for (let attempt = 0; attempt < MAX_SILENT_HOSTS; attempt++) {
    const connection = connect();
    try {
      await readiness(connection, { writable: true });
      checkConnected(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    const { hangup } = await readiness(connection, { readable: true });
    if (!hangup) return connection;
    connection.close();
  }
  throw new VitrineError(
    "unavailable",
    `Cannot reach the host: it ended ${MAX_SILENT_HOSTS} connections without a word`,
  );
}

function readiness(fd: OwnedFd, interest: Interest): Promise<Readiness> {
  return new Promise((resolve) => {
    const watching = watch(fd, interest, (ready) => {
      watching.close();
      resolve(ready);
    });
  });
}
