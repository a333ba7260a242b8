/**
 * A program in cloud-hypervisor's place: takes its command line, serves its API by the facts on the socket that it
 * inherits, and plays the guest's part where that meets the host.
 *
 * VITRINE_CHECKER says what becomes of the machine: "no-kvm", "echo" (the guest sends back what it gets, and reboots when
 * the host hangs up: the process goes on, and says so by an event), "powers-off", "panic", "smallest" (the
 * guest of the probe), "fails".
 */
import { openSync, writeSync } from "node:fs";
import { connect, createConnection, createServer } from "node:net";
import { parseArgs } from "node:util";
import { serveApi } from "../api-server.test-support.ts";
import { CloudHypervisorChecker, type MachineConfiguration } from "./api-checker.test-support.ts";

const AGENT_PORT = 1024;
const EXIT_FAILURE = 1;

const { values: flags } = parseArgs({
  options: {
    version: { type: "boolean" },
    "api-socket": { type: "string" },
    "event-monitor": { type: "string" },
    seccomp: { type: "string" },
  },
});
if (flags.version === true) {
  console.log(process.env.VITRINE_CHECKER_VERSION ?? "cloud-hypervisor v53.0.0");
  process.exit(0);
}
const fate = process.env.VITRINE_CHECKER ?? "echo";
const descriptor = (value: string | undefined) => {
  const number = /^fd=(\d+)$/.exec(value ?? "")?.[1];
  if (number === undefined) throw new Error(`want fd=NUMBER, not "${value}"`);
  return Number(number);
};
const apiSocket = descriptor(flags["api-socket"]);
const eventMonitor = descriptor(flags["event-monitor"]);
if (flags.seccomp !== "true") throw new Error("the filter of system calls is off");

function tell(source: string, event: string): void {
  const timestamp = { secs: 1, nanos: 2 };
  writeSync(eventMonitor, `${JSON.stringify({ timestamp, source, event, properties: null }, null, 2)}\n\n`);
}

function runGuest({ serial, vsock }: MachineConfiguration): void {
  const port = openSync(serial?.file ?? "", "w");
  tell("vm", "booted");
  writeSync(port, "guest: hello\r\n");
  switch (fate) {
    case "panic":
      writeSync(port, "Kernel panic - not syncing: sysrq triggered crash\r\n");
      setTimeout(() => tell("vm", "rebooting"), 50);
      return;
    case "smallest":
      writeSync(port, "VITRINE-ALIVE\r\n");
      tell("vm", "rebooting");
      return;
    case "fails":
      console.error("VMM thread panicked");
      process.exit(EXIT_FAILURE);
      return;
    case "powers-off":
      tell("vm", "shutdown");
      process.exit(0);
      return;
    default: {
      const agent = createConnection(`${vsock?.socket}_${AGENT_PORT}`);
      agent.on("data", (bytes) => agent.write(bytes));
      agent.on("end", () => tell("vm", "rebooting"));
    }
  }
}

const checker = new CloudHypervisorChecker(
  // The answer goes out before the guest does anything.
  (configuration) => setTimeout(() => runGuest(configuration), 10),
  fate === "no-kvm" ? "Failed to open KVM: No such file or directory" : undefined,
);
// The runtime's HTTP server listens by path only, so what comes on the inherited socket is passed on to it.
const inner = `\0vitrine-checker-${process.pid}`;
await serveApi(inner, (request) => checker.handle(request));
const outer = createServer((outside) => {
  const inside = connect(inner);
  outside.pipe(inside);
  inside.pipe(outside);
  outside.on("close", () => process.exit(0));
});
outer.listen({ fd: apiSocket });
