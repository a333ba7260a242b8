/**
 * A network stack of an ordinary user: it ends the guest's connections and makes them anew as this user's own, with no
 * privileges and no device. It is the one that QEMU brings, in a QEMU without a machine: the monitor of the guest needs no
 * network, and what breaks in here has no guest's memory at hand.
 *
 * It allows everything: the gate (gate.ts) stands before it.
 */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { socketPair } from "../../sys/socket.ts";
import { findProgram } from "../vmm/find-program.ts";
import { MonitorProcess } from "../vmm/monitor-process.ts";
import { hasIpv6 } from "./local-networks.ts";
import { GUEST_NETWORK } from "./topology.ts";

const QEMU = "qemu-system-x86_64";
/** As the guest's monitor: nothing old, no rise of privileges, no other program, no change of its limits. */
const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
const STACK_FD = 3;

export interface UserStack {
  /** Frames, see frame-splitter.ts. The caller owns it. */
  readonly frames: ByteStream;
  /** Resolves when it has ended, with what it said; never rejects. */
  readonly ended: Promise<string>;
  close(): void;
}

/** Starts a stack, inside walls that leave it the network. It ends with this process, whatever that dies of. */
export function startUserStack(confined: boolean): UserStack {
  const program = findProgram(QEMU);
  if (program === undefined) throw new VitrineError("unavailable", `Cannot run "${QEMU}"`, { fix: "./vitrine setup" });
  const [ours, theirs] = socketPair();
  try {
    const stack = new MonitorProcess({
      name: "the network stack",
      program,
      args: stackArguments(),
      view: { files: {}, support: [], devices: ["/dev/null"], sockets: "internet" },
      confined,
      inherited: [theirs],
    });
    const ended = stack.exited.then(
      ({ status, signal }) => signal ?? `status ${status}${stack.message === "" ? "" : `, ${stack.message}`}`,
      (error: VitrineError) => error.message,
    );
    return { frames: fdStream(ours), ended, close: () => stack.kill() };
  } catch (error) {
    ours.close();
    throw error;
  } finally {
    theirs.close();
  }
}

function stackArguments(): string[] {
  const { ipv4, ipv6 } = GUEST_NETWORK;
  const settings = [
    "user,id=user,ipv4=on",
    `net=${ipv4.range},host=${ipv4.gateway},dns=${ipv4.nameServer}`,
    hasIpv6() ? `ipv6=on,ipv6-net=${ipv6.range},ipv6-host=${ipv6.gateway},ipv6-dns=${ipv6.nameServer}` : "ipv6=off",
  ];
  return [
    ...["-M", "none", "-nodefaults", "-no-user-config", "-nographic", "-sandbox", SANDBOX],
    ...["-netdev", settings.join(","), "-netdev", `socket,id=frames,fd=${STACK_FD}`],
    ...["-netdev", "hubport,hubid=0,id=port0,netdev=user", "-netdev", "hubport,hubid=0,id=port1,netdev=frames"],
  ];
}
