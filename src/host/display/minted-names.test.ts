import { expect, test } from "bun:test";
import { MintedNames } from "./minted-names.ts";

test("a name stands for the compositor's where it was minted, and nowhere else", () => {
  const [here, there] = [new MintedNames(4), new MintedNames(4)];
  const minted = here.mint("host-token");
  expect(minted).not.toContain("host-token");
  expect(here.hostName(minted)).toBe("host-token");
  expect(there.hostName(minted)).toBeUndefined();
  expect(here.hostName("host-token")).toBeUndefined();
  here.forget(minted);
  expect(here.hostName(minted)).toBeUndefined();
});

test("no name is like another, and one without a counterpart stands for nothing", () => {
  const names = new MintedNames(100);
  const minted = Array.from({ length: 100 }, () => names.mint("one"));
  expect(new Set(minted).size).toBe(100);
  expect(names.hostName(names.mint(undefined))).toBeUndefined();
});

test("the oldest goes first", () => {
  const names = new MintedNames(2);
  const [first = "", second = "", third = ""] = ["1", "2", "3"].map((name) => names.mint(name));
  expect([first, second, third].map((name) => names.hostName(name))).toEqual([undefined, "2", "3"]);
});
