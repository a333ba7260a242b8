/** Watches over a boot: a guest that gives no sign of life is not waited for in vain. */
import { VitrineError } from "../../base/error.ts";
import { type Accelerator, LAST_WORDS_MS, type RunningVm, type VmExit } from "./driver.ts";

/** How long a guest may take until its agent answers. Emulation takes 5 s on an idle machine, and many times that on a busy one. */
export const BOOT_DEADLINE_MS: Readonly<Record<Accelerator, number>> = { kvm: 30_000, tcg: 180_000 };
/** The same for a guest that goes on from a snapshot, which has nothing to do but answer. */
export const RESTORE_DEADLINE_MS: Readonly<Record<Accelerator, number>> = { kvm: 5000, tcg: 60_000 };
const SHOWN_LINES = 12;

/**
 * Waits for `hello` (the agent's answer) for as long as a boot may take; else throws "guest-failed" with the console's
 * last lines. Leaves the machine running.
 */
export async function awaitBoot<T>(vm: RunningVm, hello: Promise<T>, origin: "cold" | "restored" = "cold"): Promise<T> {
  // KVM in a host that is emulated is as slow as emulation.
  const speed = process.env.VITRINE_SLOW_HOST === "1" ? "tcg" : vm.accelerator;
  const deadline = (origin === "cold" ? BOOT_DEADLINE_MS : RESTORE_DEADLINE_MS)[speed];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failed(vm, `no answer of its agent within ${deadline / 1000} s`)), deadline);
  });
  const ended = vm.exited.then((exit): never => {
    throw failed(vm, exit.reason === "panic" ? exit.message : `it ended (${exit.reason})`, exit);
  });
  const answer = hello.catch(async (error) => {
    await Promise.race([ended, Bun.sleep(LAST_WORDS_MS)]); // What it dies of says more.
    throw error;
  });
  // Whichever loses the race must not count as unhandled.
  answer.catch(() => {});
  ended.catch(() => {});
  late.catch(() => {});
  try {
    return await Promise.race([answer, ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

function failed(vm: RunningVm, why: string, cause?: VmExit): VitrineError {
  const lines = vm.console.tail(SHOWN_LINES).map((line) => `  console: ${line}`);
  return new VitrineError("guest-failed", [`Cannot boot the guest: ${why}`, ...lines].join("\n"), {
    cause,
    fix: "vitrine doctor",
  });
}
