/** What Firecracker means by its exit statuses, as its source names them; 0 is the orderly end of a guest. */
const MEANINGS: Readonly<Record<number, string>> = {
  1: "it met an error",
  2: "it met an error that it does not know",
  148: "its filter stopped a system call (SIGSYS)",
  149: "it got SIGBUS",
  150: "it got SIGSEGV",
  151: "it got SIGXFSZ",
  152: "its configuration is bad",
  153: "its command line is bad",
  154: "it got SIGXCPU",
  155: "it got SIGPIPE",
  156: "it got SIGHUP",
  157: "it got SIGILL",
};

export function statusMeaning(status: number): string | undefined {
  return MEANINGS[status];
}
