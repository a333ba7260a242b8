/** What a guest may reach, as the user says it, and as the gate decides by it. */
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
import { parseRange, type Range } from "./address.ts";
import { isPrivate, isPublic } from "./ranges.ts";

/** Hosts of one policy: more is a firewall, not a permission. */
export const MAX_POLICY_HOSTS = 256;
/** Characters of one host, as in the domain name system, and room for a port. */
export const MAX_POLICY_HOST_CHARS = 262;

export const policySchema = z.discriminatedUnion("kind", [
  /** Nothing. */
  z.object({ kind: z.literal("none") }),
  /** All but local networks and the host. */
  z.object({ kind: z.literal("internet") }),
  /** Local networks too; never the host itself. */
  z.object({ kind: z.literal("lan") }),
  /** Just these, as {@link parseHost} reads them. */
  z.object({
    kind: z.literal("hosts"),
    hosts: z
      .array(z.string().check(z.maxLength(MAX_POLICY_HOST_CHARS)))
      .check(z.minLength(1), z.maxLength(MAX_POLICY_HOSTS)),
  }),
]);
export type NetworkPolicy = z.infer<typeof policySchema>;

/** One host that may be reached, at one port or at all. */
export type HostRule = { readonly port: number | undefined } & (
  | { readonly kind: "name"; readonly name: string; readonly withSubdomains: boolean }
  | { readonly kind: "range"; readonly range: Range }
  /** The host's own loopback; it has a port. */
  | { readonly kind: "loopback" }
);

/** The policy that `text` says: "none", "internet", "lan", or hosts with commas between. Throws "invalid-argument". */
export function parsePolicy(text: string): NetworkPolicy {
  if (text === "none" || text === "internet" || text === "lan") return { kind: text };
  const hosts = text.split(",").map((host) => host.trim().toLowerCase());
  for (const host of hosts) parseHost(host);
  if (hosts.length > MAX_POLICY_HOSTS) {
    throw new VitrineError("limit", `Cannot allow ${hosts.length} hosts: at most ${MAX_POLICY_HOSTS} are wanted`);
  }
  return { kind: "hosts", hosts: [...new Set(hosts)] };
}

export function formatPolicy(policy: NetworkPolicy): string {
  return policy.kind === "hosts" ? policy.hosts.join(",") : policy.kind;
}

/**
 * "example.org", "*.example.org" (it and all below it), "192.168.1.7", "192.168.1.0/24", "[2001:db8::1]", each with ":443"
 * for one port only; "localhost:8080" for a port of the host's own loopback. Throws "invalid-argument".
 */
export function parseHost(text: string): HostRule {
  const bad = (wanted: string) =>
    new VitrineError("invalid-argument", `Cannot allow host "${text}": ${wanted} is wanted`);
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? text;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) throw bad("a port from 1 to 65535");
  if (host === "localhost") {
    if (port === undefined) throw bad('a port of the host, as in "localhost:8080",');
    return { kind: "loopback", port };
  }
  const range = parseRange(host);
  if (range !== undefined) {
    if (!isPublic(range.base) && !isPrivate(range.base)) throw bad("an address of the internet or of a local network");
    return { kind: "range", range, port };
  }
  const [, wildcard, name] =
    /^(\*\.)?((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$/.exec(host) ?? [];
  if (bracketed !== undefined || name === undefined || name.length > 253 || /^[\d.]+$/.test(name)) {
    throw bad('"none", "internet", "lan", or a name, an address or a range of addresses');
  }
  return { kind: "name", name, withSubdomains: wildcard !== undefined, port };
}
