import { expect, test } from "bun:test";
import { hostAppId, hostTitle } from "./identity.ts";

test("an app id always carries the sandbox's prefix", () => {
  expect(hostAppId("demo", "org.gnome.Calculator")).toBe("vitrine.demo.org.gnome.Calculator");
  expect(hostAppId("demo", "")).toBe("vitrine.demo.app");
});

test("an app id cannot leave its alphabet or its length", () => {
  expect(hostAppId("demo", "a b/../\u202eé\n")).toBe("vitrine.demo.a_b_..____");
  expect(hostAppId("demo", "x".repeat(5000)).length).toBe("vitrine.demo.".length + 128);
});

test("a title loses controls and direction marks, and is cut", () => {
  expect(hostTitle("ok \u202egpj.exe\u0007")).toBe("ok \ufffdgpj.exe\ufffd");
  expect(hostTitle("y".repeat(1000)).length).toBe(256);
  expect(hostTitle("Größe – 日本語 😀")).toBe("Größe – 日本語 😀");
});
