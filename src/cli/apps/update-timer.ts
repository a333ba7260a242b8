/** What `vitrine setup --timer` does. */
import { disableUpdateTimer, enableUpdateTimer } from "../../host/apps/update-timer.ts";
import type { CliContext } from "../context.ts";
import { PROGRAM } from "./install-apps.ts";

export function setUpTimer({ process }: CliContext, wanted: boolean): void {
  if (!wanted) {
    const there = disableUpdateTimer(process.env);
    process.stdout.write(there ? "apps are not updated by themselves any more\n" : "there was no timer\n");
    return;
  }
  const started = enableUpdateTimer(PROGRAM, process.env);
  process.stdout.write(`apps are updated once a day${started ? "" : ", from the next login on"}; see: ${JOURNAL}\n`);
}

const JOURNAL = "journalctl --user -u vitrine-update";
