/** The entry of the command line; started by ./vitrine. */
import { run } from "@stricli/core";
import { vitrineApplication } from "./application.ts";
import { COMPLETE, complete } from "./completion.ts";
import type { CliContext } from "./context.ts";
import { statusOfRun } from "./terminal/exit-status.ts";

// Users' paths often lack the folders of tools like mkfs.
process.env.PATH = `${process.env.PATH ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;

/** What a shell reports of a program that SIGPIPE ended, which is how others end when `| head` has read enough. */
const STATUS_AFTER_SIGPIPE = 128 + 13;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(STATUS_AFTER_SIGPIPE);
  throw error;
});

const context: CliContext = {
  process: { stdout: process.stdout, stderr: process.stderr, env: process.env },
};
const [first, ...words] = process.argv.slice(2);
if (first === COMPLETE) await complete(context, words);
else await run(await vitrineApplication(first), process.argv.slice(2), context);
process.exitCode = statusOfRun(context.process.exitCode);
