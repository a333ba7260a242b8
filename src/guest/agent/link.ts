/**
 * The guest's ends of the byte pipes to the host: virtio-serial ports where the monitor has them, else vsock connections
 * that the guest makes. Which of them the machine has is seen from its devices.
 */
import { constants } from "node:fs";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { LinkPort } from "../../channel/contract/agent.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { watch } from "../../sys/loop.ts";
import { openFile } from "../../sys/memory.ts";
import { checkConnected, connectVsock } from "../../sys/socket.ts";
import { findPort } from "./machine.ts";

/** The address of the host, vsock(7). */
const HOST_CID = 2;
/** How often a link may end before the host has greeted: once for each time that this machine was saved. */
export const MAX_LINKS_BEFORE_HELLO = 16;

export interface Link {
  readonly stream: ByteStream;
  /**
   * When it ends, another may be opened: a connection does not survive that the machine is saved, and who restores the
   * machine waits for a new one.
   */
  readonly renewable: boolean;
}

/** Opens a pipe. Throws VitrineError "unavailable" when there is none, or nobody at its other end. */
export async function openLink({ name, vsock }: LinkPort): Promise<Link> {
  const port = findPort(name);
  if (port !== undefined) {
    return { stream: fdStream(openFile(port, constants.O_RDWR | constants.O_NONBLOCK)), renewable: false };
  }
  return { stream: fdStream(await connected(connectVsock(HOST_CID, vsock))), renewable: true };
}

/**
 * Calls `serve` with a link, and again with another one when it resolves to false (its link ended before the host greeted)
 * and there can be another. Rejects when a link cannot be opened.
 */
export async function serveLinks(
  open: () => Promise<Link>,
  serve: (stream: ByteStream) => Promise<boolean>,
): Promise<void> {
  for (let links = 0; links < MAX_LINKS_BEFORE_HELLO; links++) {
    const { stream, renewable } = await open();
    if ((await serve(stream)) || !renewable) return;
  }
}

/** Waits until the connection `fd`, which may still be under way, stands; closes it when it fails. */
export async function connected(fd: OwnedFd): Promise<OwnedFd> {
  await new Promise<void>((resolve) => {
    const watching = watch(fd, { writable: true }, () => {
      watching.close();
      resolve();
    });
  });
  try {
    checkConnected(fd);
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}
