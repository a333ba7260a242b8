/**
 * The little network of a guest: itself, a gateway, and a name server that passes questions on to the host's own. The same
 * for every guest, as no two share a network. The range is one that no local network uses.
 */
import { parseAddress, parseRange } from "./address.ts";

export const GUEST_NETWORK = {
  ipv4: { range: "192.0.0.0/24", bits: 24, guest: "192.0.0.15", gateway: "192.0.0.2", nameServer: "192.0.0.3" },
  ipv6: {
    range: "fd76:7472:696e:6e65::/64",
    bits: 64,
    guest: "fd76:7472:696e:6e65::15",
    gateway: "fd76:7472:696e:6e65::2",
    nameServer: "fd76:7472:696e:6e65::3",
  },
} as const;

const { ipv4, ipv6 } = GUEST_NETWORK;
const known = <T>(value: T | undefined): T => {
  if (value === undefined) throw new TypeError("the guest's network");
  return value;
};

export const GUEST_RANGES = [known(parseRange(ipv4.range)), known(parseRange(ipv6.range))];
/** Connections to these are connections to the host's own loopback. */
export const GATEWAYS = [known(parseAddress(ipv4.gateway)), known(parseAddress(ipv6.gateway))];
export const NAME_SERVERS = [known(parseAddress(ipv4.nameServer)), known(parseAddress(ipv6.nameServer))];
