import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LEARNED_AGE_MS, MAX_LEARNED_ADDRESSES, MAX_PENDING_QUESTIONS } from "./learned-hosts.ts";
import { PROTOCOL, parseFrame } from "./packet.ts";
import { parsePolicy } from "./policy.ts";
import { NetworkRules } from "./rules.ts";
import { dnsMessage, type FrameParts, HOME_NETWORK, ipFrame } from "./test-support.ts";
import { GUEST_NETWORK } from "./topology.ts";

const SEED = { seed: 20_260_105, numRuns: 1000 };
const GUEST = GUEST_NETWORK.ipv4.guest;
const DNS = GUEST_NETWORK.ipv4.nameServer;
const GATEWAY = GUEST_NETWORK.ipv4.gateway;

class Tester {
  readonly rules: NetworkRules;
  now = 0;

  constructor(policy: string, trustNames = false) {
    this.rules = new NetworkRules({ policy: parsePolicy(policy), local: HOME_NETWORK, trustNames });
  }

  out(to: string, parts: Partial<FrameParts> = {}) {
    const from = to.includes(":") ? "fd76:7472:696e:6e65::15" : GUEST;
    return this.#judge(ipFrame({ from, to, protocol: PROTOCOL.tcp, ...parts }), "outbound");
  }

  in(from: string, parts: Partial<FrameParts> = {}) {
    const to = from.includes(":") ? "fd76:7472:696e:6e65::15" : GUEST;
    return this.#judge(ipFrame({ from, to, protocol: PROTOCOL.tcp, ports: [443, 40_000], ...parts }), "inbound");
  }

  /** Asks for a name, and gets an answer if that passes; says what became of the question. */
  resolve(name: string, addresses: string[], options: { id?: number; type?: number; seconds?: number } = {}) {
    const { id = 1, type = 1, seconds = 60 } = options;
    const asked = this.out(DNS, {
      protocol: PROTOCOL.udp,
      ports: [5000, 53],
      data: dnsMessage({ id, name, type }),
    });
    const answers = addresses.map((address) => ({ address, seconds }));
    const data = dnsMessage({ id, name, type, response: true, addresses: answers });
    this.in(DNS, { protocol: PROTOCOL.udp, ports: [53, 5000], data });
    return asked;
  }

  #judge(frame: Uint8Array, direction: "outbound" | "inbound") {
    const packet = parseFrame(frame);
    if (packet?.kind !== "ip") throw new Error("not understood");
    return this.rules[direction](packet, frame, this.now);
  }
}

/** What each policy says of an address: the way out and the way in agree. */
function expectReach(tester: Tester, address: string, reached: boolean): void {
  expect({ address, out: tester.out(address), in: tester.in(address) }).toEqual({
    address,
    out: reached ? "pass" : "refuse",
    in: reached ? "pass" : "drop",
  });
}

const PUBLIC = ["1.1.1.1", "2606:4700::1111"];
const PRIVATE = ["10.1.2.3", "192.168.1.1", "192.168.7.7", "172.20.0.1", "100.64.1.1", "fd00::7"];
/** Own addresses, near ones of the internet, and what is reached by nobody. */
const OWN = ["192.168.1.2", "203.0.113.9"];
const NEVER = ["127.0.0.1", "169.254.169.254", GATEWAY, "192.0.0.99", "224.0.0.251", "::1", "fe80::1", "ff02::fb"];

describe("a policy", () => {
  test("of none lets nothing pass", () => {
    const tester = new Tester("none");
    for (const address of [...PUBLIC, ...PRIVATE, ...OWN, ...NEVER, DNS]) expectReach(tester, address, false);
    expect(tester.resolve("example.org", [])).toBe("refuse");
  });

  test("of the internet reaches that, and nothing near", () => {
    const tester = new Tester("internet");
    for (const address of PUBLIC) expectReach(tester, address, true);
    for (const address of [...PRIVATE, ...OWN, "203.0.113.77", ...NEVER]) expectReach(tester, address, false);
    expect(tester.resolve("anything.example", [], { type: 16 })).toBe("pass");
    expect(tester.out("1.1.1.1", { protocol: PROTOCOL.icmp })).toBe("pass");
    expect(tester.out("10.1.2.3", { protocol: PROTOCOL.icmp })).toBe("drop");
  });

  test("of the local network reaches that too, and not this machine", () => {
    const tester = new Tester("lan");
    for (const address of [...PUBLIC, ...PRIVATE, "203.0.113.77"]) expectReach(tester, address, true);
    for (const address of [...OWN, ...NEVER]) expectReach(tester, address, false);
  });

  test("of hosts reaches listed addresses at listed ports", () => {
    const tester = new Tester("1.1.1.1,192.168.1.0/24:443,[2606:4700::1111]:443");
    for (const address of ["1.1.1.1", "192.168.1.1", "2606:4700::1111"]) expectReach(tester, address, true);
    for (const address of ["1.1.1.2", "192.168.2.1", "192.168.1.2", "2606:4700::1112", GATEWAY]) {
      expectReach(tester, address, false);
    }
    expect(tester.out("192.168.1.1", { ports: [40_000, 80] })).toBe("refuse");
    expect(tester.out("1.1.1.1", { ports: [40_000, 80] })).toBe("pass");
    // Only the first fragment says which port: so no fragments where that matters.
    expect(tester.out("192.168.1.1", { fragment: [1, false] })).toBe("refuse");
    expect(tester.out("1.1.1.1", { fragment: [1, false] })).toBe("pass");
    expect(tester.out("192.168.1.1", { protocol: PROTOCOL.icmp })).toBe("drop");
  });

  test("of hosts reaches the listed ports of this machine, and no others", () => {
    const tester = new Tester("localhost:8080");
    expect(tester.out(GATEWAY, { ports: [40_000, 8080] })).toBe("pass");
    expect(tester.in(GATEWAY, { ports: [8080, 40_000] })).toBe("pass");
    expect(tester.out(GATEWAY, { ports: [40_000, 8081] })).toBe("refuse");
    expect(tester.out("192.168.1.2", { ports: [40_000, 8080] })).toBe("refuse");
  });

  test("is for the guest's own address: nobody else sends, and nobody else gets", () => {
    const tester = new Tester("lan");
    expect(tester.out("1.1.1.1", { from: "10.0.0.1" })).toBe("drop");
    expect(tester.in("1.1.1.1", { to: "10.0.0.1" })).toBe("drop");
  });
});

describe("a name that is listed", () => {
  test("is found, and reached at what it was found to be, at its ports", () => {
    const tester = new Tester("example.org:443,*.example.net");
    expect(tester.out("1.1.1.1")).toBe("refuse");
    expect(tester.resolve("example.org", ["1.1.1.1", "1.1.1.2"])).toBe("pass");
    expect(tester.resolve("deep.below.example.net", ["1.1.1.3"], { id: 2 })).toBe("pass");
    for (const address of ["1.1.1.1", "1.1.1.2", "1.1.1.3"]) expectReach(tester, address, true);
    expect(tester.out("1.1.1.1", { ports: [40_000, 80] })).toBe("refuse");
    expect(tester.out("1.1.1.3", { ports: [40_000, 80] })).toBe("pass");
  });

  test("is the only one that may be asked for, and only for its addresses", () => {
    const tester = new Tester("example.org,*.example.net");
    for (const name of ["example.com", "sub.example.org", "badexample.net", "org", "example.org.example.com"]) {
      expect(tester.resolve(name, ["1.1.1.1"])).toBe("refuse-question");
    }
    // A question of another type could carry what a guest wants to tell.
    expect(tester.resolve("example.org", [], { type: 16 })).toBe("refuse-question");
    expect(tester.out(DNS, { protocol: PROTOCOL.tcp, ports: [5000, 53] })).toBe("refuse");
    expect(tester.out(DNS, { protocol: PROTOCOL.udp, ports: [5000, 54] })).toBe("refuse");
    expect(tester.out(DNS, { protocol: PROTOCOL.udp, ports: [5000, 53], data: new Uint8Array(30) })).toBe("refuse");
    expectReach(tester, "1.1.1.1", false);
  });

  test("does not open what is near, whatever its server says", () => {
    const tester = new Tester("example.org");
    tester.resolve(
      "example.org",
      [...PRIVATE, ...OWN, "203.0.113.77", ...NEVER].filter((text) => text !== GATEWAY),
    );
    for (const address of [...PRIVATE, ...OWN, "203.0.113.77", ...NEVER]) expectReach(tester, address, false);
    const trusting = new Tester("example.org", true);
    trusting.resolve("example.org", [...PRIVATE, ...OWN, "127.0.0.1"]);
    for (const address of PRIVATE) expectReach(trusting, address, true);
    for (const address of [...OWN, "127.0.0.1"]) expectReach(trusting, address, false);
  });

  test("is not learned from answers that were not asked for", () => {
    const tester = new Tester("example.org");
    const answer = (id: number, ports: [number, number], name = "example.org") =>
      tester.in(DNS, {
        protocol: PROTOCOL.udp,
        ports,
        data: dnsMessage({ id, name, response: true, addresses: [{ address: "1.1.1.1" }] }),
      });
    tester.out(DNS, { protocol: PROTOCOL.udp, ports: [5000, 53], data: dnsMessage({ id: 1, name: "example.org" }) });
    answer(2, [53, 5000]);
    answer(1, [53, 5001]);
    answer(1, [54, 5000]);
    answer(1, [53, 5000], "example.com");
    expectReach(tester, "1.1.1.1", false);
    answer(1, [53, 5000]);
    expectReach(tester, "1.1.1.1", true);
  });

  test("is forgotten when it was not used for long, and kept while it is", () => {
    const tester = new Tester("example.org");
    tester.resolve("example.org", ["1.1.1.1", "1.1.1.2"]);
    for (let hour = 0; hour < 3; hour++) {
      tester.now += LEARNED_AGE_MS * 0.9;
      expect(tester.out("1.1.1.1")).toBe("pass");
    }
    expect(tester.out("1.1.1.2")).toBe("refuse");
    tester.now += LEARNED_AGE_MS * 1.1;
    expect(tester.out("1.1.1.1")).toBe("refuse");
  });

  test("cannot fill the host's memory", () => {
    const tester = new Tester("*.example.org");
    for (let id = 0; id < MAX_PENDING_QUESTIONS + 10; id++) {
      const data = dnsMessage({ id, name: `n${id}.example.org` });
      tester.out(DNS, { protocol: PROTOCOL.udp, ports: [5000, 53], data });
    }
    const answered = (id: number) => {
      const addresses = [{ address: `1.1.2.${id % 256}` }];
      const data = dnsMessage({ id, name: `n${id}.example.org`, response: true, addresses });
      tester.in(DNS, { protocol: PROTOCOL.udp, ports: [53, 5000], data });
      return tester.out(`1.1.2.${id % 256}`) === "pass";
    };
    expect([answered(3), answered(200)]).toEqual([false, true]);
    const address = (index: number) => `2.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    for (let index = 0; index < MAX_LEARNED_ADDRESSES + 10; index++) tester.resolve("a.example.org", [address(index)]);
    expect([tester.out(address(0)), tester.out(address(MAX_LEARNED_ADDRESSES))]).toEqual(["refuse", "pass"]);
  });
});

test("what goes out may come in, and nothing else, whatever the address", () => {
  const policies = ["none", "internet", "lan", "1.0.0.0/8,*.example.org,192.168.0.0/16:443"].map(
    (text) => new Tester(text),
  );
  fc.assert(
    fc.property(fc.constantFrom(...policies), fc.oneof(fc.ipV4(), fc.ipV6()), (tester, text) => {
      if (text === DNS || text.includes("%")) return;
      expect(tester.out(text) === "pass").toBe(tester.in(text) === "pass");
    }),
    SEED,
  );
});
