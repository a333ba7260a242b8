/** Where a builder gets packages from: the archives of the configuration, as apt in the guest is told of them, and nothing else. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { VitrineError } from "../../base/error.ts";
import { type ConfiguredArchive, configuredArchives } from "../catalog/configuration.ts";
import { archiveKeyring, releaseSuites, sourceLine } from "../image/archive-source.ts";
import type { NetworkPolicy } from "../network/policy.ts";
import { GUEST_NETWORK } from "../network/topology.ts";
import type { Environment } from "../sandbox/directories.ts";

export interface BuilderSources {
  /** Lines of apt's sources.list. */
  readonly lines: readonly string[];
  /** Keyrings by the names that the lines have for them. */
  readonly keyrings: ReadonlyMap<string, Uint8Array>;
  /** Exactly the archives, or the proxy before them. */
  readonly network: NetworkPolicy;
  /** Further options of apt. */
  readonly options: readonly string[];
}

/** Where the builder's files are in its root, see guest/boot/build-layer. */
export const PACKAGES_FOLDER = "/run/packages";

/** Everything that apps over `release` are installed from. What the user has configured for it stands instead of ours. */
export async function archivesOf(release: string, environment: Environment): Promise<ConfiguredArchive[]> {
  const configured = configuredArchives(environment);
  if (configured.some(({ suite }) => suite === release)) return configured;
  const own = await releaseSuites(release);
  return [...own.map((suite) => ({ ...suite, keyring: archiveKeyring(), components: ["main"] })), ...configured];
}

/** The same, as the builder is told of it. */
export async function builderSources(release: string, environment: Environment): Promise<BuilderSources> {
  const all = await archivesOf(release, environment);
  const keyrings = [...new Set(all.map(({ keyring }) => keyring))];
  const nameOf = (keyring: string) => `keyring-${keyrings.indexOf(keyring)}.gpg`;
  const addresses = all.map(({ archive }) => guestAddress(archive));
  const proxy = proxyOf(environment);
  const reached = proxy === undefined ? addresses : [guestAddress(proxy)];
  return {
    lines: all.map(({ suite, keyring, components }, index) =>
      sourceLine(
        { archive: addresses[index]?.address ?? "", suite },
        `${PACKAGES_FOLDER}/${nameOf(keyring)}`,
        components.join(" "),
      ),
    ),
    keyrings: new Map(keyrings.map((path) => [nameOf(path), new Uint8Array(readFileSync(path))])),
    network: { kind: "hosts", hosts: [...new Set(reached.map(({ host }) => host))] },
    options: proxy === undefined ? [] : [`Acquire::http::Proxy=${reached[0]?.address}`],
  };
}

/** The same place as the guest calls it, and as a policy names it. This machine's loopback is behind the guest's gateway. */
export function guestAddress(address: string): { address: string; host: string } {
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new VitrineError("invalid-argument", `Cannot use archive "${address}": an address is wanted`, { cause });
  }
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const name = url.hostname;
  if (name === "localhost" || name === "[::1]" || (isIP(name) === 4 && name.startsWith("127."))) {
    url.hostname = GUEST_NETWORK.ipv4.gateway;
    return { address: url.href.replace(/\/$/, ""), host: `localhost:${port}` };
  }
  return { address: address.replace(/\/$/, ""), host: `${name}:${port}` };
}

function proxyOf(environment: Environment): string | undefined {
  const proxy = environment.http_proxy ?? environment.HTTP_PROXY;
  return proxy === undefined || proxy === "" ? undefined : proxy;
}
