/**
 * A program in Firecracker's place: takes its command line, serves its API by the facts, and plays the guest's part where
 * that meets the host: prints on the serial port, and connects to the host's Unix socket for the agent's port.
 *
 * VITRINE_CHECKER says what becomes of the machine: "no-kvm", "echo" (the guest sends back what it gets, and reboots when
 * the host hangs up), "panic", "smallest" (the guest of the probe), "fails" (Firecracker's filter stops it).
 */
import { openSync, writeSync } from "node:fs";
import { createConnection } from "node:net";
import { parseArgs } from "node:util";
import { serveApi } from "../api-server.test-support.ts";
import { FirecrackerChecker } from "./api-checker.test-support.ts";

const VERSION = process.env.VITRINE_CHECKER_VERSION ?? "1.17.0";
const EXIT_BAD_ARGUMENTS = 153;
const EXIT_BAD_SYSCALL = 148;
const AGENT_PORT = 1024;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        version: { type: "boolean" },
        "api-sock": { type: "string" },
        id: { type: "string" },
        level: { type: "string" },
        "log-path": { type: "string" },
        "enable-pci": { type: "boolean" },
      },
    });
    if (values.id !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(values.id)) throw new Error(`bad id "${values.id}"`);
    if (values.level !== undefined && !/^(error|warn|info|debug|trace|off)$/i.test(values.level)) {
      throw new Error(`bad level "${values.level}"`);
    }
    return values;
  } catch (error) {
    console.error(`Arguments parsing error: ${error}`);
    process.exit(EXIT_BAD_ARGUMENTS);
  }
}

const flags = options();
if (flags.version === true) {
  console.log(`Firecracker v${VERSION}\n`);
  process.exit(0);
}
const log = openSync(flags["log-path"] ?? "", "w");
const fate = process.env.VITRINE_CHECKER ?? "echo";

function runGuest(socketPath: string): void {
  writeSync(1, "guest: hello\r\n");
  switch (fate) {
    case "panic":
      writeSync(1, "Kernel panic - not syncing: sysrq triggered crash\r\n");
      setTimeout(() => process.exit(0), 50);
      return;
    case "smallest":
      writeSync(1, "VITRINE-ALIVE\r\n");
      process.exit(0);
      return;
    case "fails":
      writeSync(log, "Shutting down VM after intercepting a bad syscall (317).\n");
      process.exit(EXIT_BAD_SYSCALL);
      return;
    default: {
      const agent = createConnection(`${socketPath}_${AGENT_PORT}`);
      agent.on("data", (bytes) => agent.write(bytes));
      agent.on("end", () => process.exit(0));
      agent.on("error", (error) => {
        writeSync(log, `vsock: ${error.message}\n`);
        process.exit(1);
      });
    }
  }
}

const checker = new FirecrackerChecker({
  version: VERSION,
  ...(fate === "no-kvm"
    ? { startFault: "Internal error while starting microVM: Error creating KVM object: No such file or directory" }
    : {}),
  // The answer goes out before the guest does anything.
  onStart: (configuration) => setTimeout(() => runGuest(String(configuration.get("/vsock")?.uds_path)), 10),
});
await serveApi(flags["api-sock"] ?? "", (request) => {
  const answer = checker.handle(request);
  if (answer.status >= 400) writeSync(log, `${request.method} ${request.path}: ${JSON.stringify(answer.body)}\n`);
  return answer;
});
