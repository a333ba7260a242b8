import { describe, expect, test } from "bun:test";
import { VitrineError } from "../../base/error.ts";
import { formatPolicy, parseHost, parsePolicy, policySchema } from "./policy.ts";

describe("a policy", () => {
  test.each([
    "none",
    "internet",
    "lan",
    "example.org,*.example.net:443,192.168.1.7,10.0.0.0/8:22,[2001:db8::1]:80,localhost:8080",
  ])("%s is read and written", (text) => {
    const policy = parsePolicy(text);
    expect(formatPolicy(policy)).toBe(text);
    expect(policySchema.parse(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
  });

  test.each([
    ["example.org", { kind: "name", name: "example.org", withSubdomains: false, port: undefined }],
    ["*.example.org:443", { kind: "name", name: "example.org", withSubdomains: true, port: 443 }],
    ["2001:db8::/32", { kind: "range", range: { base: 0x2001_0db8n << 96n, bits: 32 }, port: undefined }],
    ["[2001:db8::1]:22", { kind: "range", range: { base: (0x2001_0db8n << 96n) + 1n, bits: 128 }, port: 22 }],
    ["localhost:1", { kind: "loopback", port: 1 }],
  ] as const)("%s is a host", (text, host) => {
    expect(parseHost(text)).toEqual(host as never);
  });

  test.each([
    ...[
      "",
      "localhost",
      "127.0.0.1",
      "127.0.0.0/8",
      "0.0.0.0/0",
      "169.254.169.254",
      "::1",
      "[::]",
      "fe80::1",
      "224.0.0.1",
    ],
    ...[
      "example.org:0",
      "example.org:65536",
      "example.org:http",
      "a..b",
      "-a.org",
      "a b",
      "*.",
      "*",
      "1.2.3",
      "a/8",
      "[a]:1",
    ],
    ...["http://example.org", "192.168.0.1/16"],
  ])('"%s" is none', (text) => {
    const read = () => parsePolicy(text);
    expect(read).toThrow(VitrineError);
    expect(read).toThrow("Cannot allow host");
  });
});
