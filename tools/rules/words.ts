/**
 * Text that must not be in the tree. The patterns are put together from parts, so that this file does not hold what it
 * forbids.
 */
import { matchingLines, type Rule, type SourceFile } from "./rule.ts";

/** The one archive that is named: the default of `image build`, which --mirror or the environment changes. */
const ALLOWED_HOSTS = new Set(["ftp.debian.org", "www.debian.org"]);

const ORGANISATIONS = [
  "debian",
  "ubuntu",
  "npmjs",
  "yarnpkg",
  "nodejs",
  "fedoraproject",
  "alpinelinux",
  "docker",
  "pypi",
  "pythonhosted",
];
const ARCHIVE_HOST = new RegExp(
  `\\b(?:[a-z0-9-]+\\.)*(?:${ORGANISATIONS.join("|")})\\.(?:org|com|io|net|dev)\\b`,
  "gi",
);

/** No package registry or archive is named: everyone's machine has its own, configured where it belongs. */
export const hostNameRule: Rule = (files) =>
  files.flatMap((file) =>
    matchingLines(file, ARCHIVE_HOST, (host) =>
      ALLOWED_HOSTS.has(host.toLowerCase()) ? undefined : `names the package host "${host}"`,
    ),
  );

/** Homes and work folders of somebody's machine. "/home/user" and "/root" themselves are homes in the guest. */
const MACHINE_PATH = new RegExp(
  `(?<![A-Za-z0-9_.$}])/(?:${["wo" + "rk", "fa" + "rm", "Us" + "ers", "works" + "pace"].join("|")}|root(?=/[\\w.])|home/(?!user\\b)\\w+)(?=/|\\b)`,
  "g",
);

/** No absolute path of the machine that something was written on. */
export const machinePathRule: Rule = (files) =>
  files.flatMap((file) => matchingLines(file, MACHINE_PATH, (path) => `holds the machine path "${path}"`));

const OPEN_ENDS = new RegExp(
  [
    `\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`,
    `\\bnot (?:yet )?imple` + `mented\\b(?! by the kernel)`,
    `\\b(?:test|it|describe)\\.(?:sk` + `ip|on` + `ly|to` + `do|fail` + `ing)(?!If)\\b`,
  ].join("|"),
  "g",
);

/** Nothing is left for later, and no test is left out. */
export const openEndRule: Rule = (files) =>
  files
    .filter(isOurs)
    .flatMap((file) => matchingLines(file, OPEN_ENDS, (match) => `leaves something open: "${match}"`));

function isOurs(file: SourceFile): boolean {
  return file.path !== "package-lock.json";
}
