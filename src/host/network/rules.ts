/** Decides about each packet by the policy. No input or output: what is known of the machine is given. */
import { type Address, inRange } from "./address.ts";
import { parseAnswer, parseQuestion } from "./dns.ts";
import { LearnedHosts } from "./learned-hosts.ts";
import type { LocalNetworks } from "./local-networks.ts";
import { type Packet, PROTOCOL } from "./packet.ts";
import { type HostRule, type NetworkPolicy, parseHost } from "./policy.ts";
import { isPrivate, isPublic } from "./ranges.ts";
import { GATEWAYS, GUEST_RANGES, NAME_SERVERS } from "./topology.ts";

const DNS_PORT = 53;

export type Verdict =
  | "pass"
  /** Not allowed: the guest is told at once. */
  | "refuse"
  /** A question of the domain name system that is not allowed: it is answered so. */
  | "refuse-question"
  /** Nothing that deserves an answer. */
  | "drop";

export interface RulesOptions {
  readonly policy: NetworkPolicy;
  readonly local: LocalNetworks;
  /** Names may stand for addresses of local networks: for hosts that the host itself has been told to trust. */
  readonly trustNames?: boolean;
}

export class NetworkRules {
  readonly #options: RulesOptions;
  readonly #hosts: readonly HostRule[];
  readonly #learned: LearnedHosts;

  constructor(options: RulesOptions) {
    this.#options = options;
    this.#hosts = options.policy.kind === "hosts" ? options.policy.hosts.map(parseHost) : [];
    this.#learned = new LearnedHosts(this.#hosts);
  }

  /** Whether a packet of the guest goes out. `now` in milliseconds, from anywhere. */
  outbound(packet: Packet, frame: Uint8Array, now: number): Verdict {
    const { destination, destinationPort, protocol } = packet;
    if (!GUEST_RANGES.some((range) => inRange(range, packet.source))) return "drop";
    if (NAME_SERVERS.includes(destination)) return this.#question(packet, frame);
    if (isReachable(destination) && this.#allows(destination, destinationPort, now)) return "pass";
    return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp ? "refuse" : "drop";
  }

  /** Whether a packet comes in: from where one may go out to. */
  inbound(packet: Packet, frame: Uint8Array, now: number): "pass" | "drop" {
    const { source, sourcePort, protocol } = packet;
    if (!GUEST_RANGES.some((range) => inRange(range, packet.destination))) return "drop";
    if (NAME_SERVERS.includes(source)) return this.#answer(packet, frame, now);
    // The gateway tells what could not be reached.
    const tells = GATEWAYS.includes(source) && (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6);
    return tells || this.#allows(source, sourcePort, now) ? "pass" : "drop";
  }

  #allows(address: Address, port: number | undefined, now: number): boolean {
    const { policy, local } = this.#options;
    if (policy.kind === "none") return false;
    if (GATEWAYS.includes(address)) return this.#hosts.some((rule) => rule.kind === "loopback" && rule.port === port);
    if (GUEST_RANGES.some((range) => inRange(range, address))) return false;
    switch (policy.kind) {
      case "internet":
        return isPublic(address) && !local.isNear(address) && !local.isOwn(address);
      case "lan":
        return (isPublic(address) || isPrivate(address)) && !local.isOwn(address);
      case "hosts":
        return this.#isListed(address, port) ? !local.isOwn(address) : this.#learned.allows(address, port, now);
      default:
        return policy satisfies never;
    }
  }

  #isListed(address: Address, port: number | undefined): boolean {
    return this.#hosts.some(
      (rule) =>
        rule.kind === "range" && inRange(rule.range, address) && (rule.port === undefined || rule.port === port),
    );
  }

  #question(packet: Packet, frame: Uint8Array): Verdict {
    const { destinationPort, sourcePort, protocol, fragment } = packet;
    if (destinationPort !== DNS_PORT || fragment || sourcePort === undefined) return "refuse";
    switch (this.#options.policy.kind) {
      case "none":
        return "refuse";
      case "internet":
      case "lan":
        return "pass";
      case "hosts": {
        if (protocol !== PROTOCOL.udp) return "refuse";
        const question = parseQuestion(dataOf(packet, frame));
        if (question === undefined) return "refuse";
        return this.#learned.ask(question, sourcePort) ? "pass" : "refuse-question";
      }
      default:
        return this.#options.policy satisfies never;
    }
  }

  #answer(packet: Packet, frame: Uint8Array, now: number): "pass" | "drop" {
    const { policy, local, trustNames = false } = this.#options;
    if (policy.kind === "none" || packet.sourcePort !== DNS_PORT || packet.fragment) return "drop";
    if (policy.kind !== "hosts" || packet.protocol !== PROTOCOL.udp) return "pass";
    const answer = parseAnswer(dataOf(packet, frame));
    // What a name stands for is up to whoever serves it: so not for what is near, unless the user has listed that itself.
    const accept = (address: Address) =>
      !local.isOwn(address) &&
      (trustNames ? isPublic(address) || isPrivate(address) : isPublic(address) && !local.isNear(address));
    if (answer !== undefined) this.#learned.hear(answer, packet.destinationPort ?? 0, now, accept);
    return "pass";
  }
}

/** What a UDP packet carries. */
export function dataOf(packet: Packet, frame: Uint8Array): Uint8Array {
  return frame.subarray(packet.payload + 8, packet.end);
}

/** Zero addresses, broadcasts and the like are for nobody, so nobody refuses them either: decided by the policies. */
function isReachable(address: Address): boolean {
  return address !== 0 && address !== 0xffff_ffff;
}
