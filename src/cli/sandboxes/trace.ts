/** What `vitrine trace` does. */
import { sanitizeText } from "../../base/sanitize.ts";
import { connectSandbox, type ShownTrace } from "../../host/sandbox/supervisor/control-client.ts";
import type { TraceFlags } from "../commands/trace.ts";
import type { CliContext } from "../context.ts";
import { Output } from "../run/standard-streams.ts";
import { interruptible } from "../terminal/interrupt.ts";

/** Characters of a line; the longest that a supervisor sends, and some. */
const MAX_LINE_CHARS = 10_000;

export async function trace(this: CliContext, flags: TraceFlags, sandbox: string): Promise<void> {
  const connection = await connectSandbox(sandbox, this.process.env);
  const output = new Output(1);
  const encoder = new TextEncoder();
  try {
    await connection.info();
    const options = {
      without: [...(flags.filter ?? [])],
      ...(flags.client === undefined ? {} : { client: flags.client }),
    };
    const watching = () => this.process.stderr.write(`vitrine: watching sandbox "${sandbox}", Ctrl-C ends it\n`);
    const running = connection.trace(options, watching, (message) => {
      const line = flags.json ? JSON.stringify(message) : describe(message);
      if (!output.write(encoder.encode(`${sanitizeText(line, MAX_LINE_CHARS)}\n`))) running.pause();
    });
    output.onDrain(() => running.resume());
    output.onBroken(() => running.stop());
    await interruptible(async (signal) => {
      signal.addEventListener("abort", () => running.stop());
      await running.ended;
    });
    await output.finish();
  } finally {
    output.close();
    connection.close();
  }
}

/** "12:30:01.123 #3 guest-> wl_surface#12.commit()" */
function describe(message: ShownTrace): string {
  if ("dropped" in message) return `(${message.dropped} messages were left out)`;
  const { at, client, direction, interface: name, id, message: what, arguments: given } = message;
  const time = new Date(at).toISOString().slice(11, 23);
  return `${time} #${client} ${direction.padEnd(7)} ${name}#${id}.${what}(${given.join(", ")})`;
}
