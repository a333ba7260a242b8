import { expect, test } from "bun:test";
import { fdStream } from "../../channel/fd-stream.ts";
import { socketPair } from "../../sys/socket.ts";
import { connected, type Link, MAX_LINKS_BEFORE_HELLO, serveLinks } from "./link.ts";

/** Opens links whose other ends are gone at once; counts them. */
function opener(renewable: boolean) {
  let links = 0;
  const open = async (): Promise<Link> => {
    links += 1;
    const [ours, theirs] = socketPair();
    theirs.close();
    return { stream: fdStream(ours), renewable };
  };
  return { open, count: () => links };
}

test("a link that ends before the hello is followed by another, until one is greeted", async () => {
  const { open, count } = opener(true);
  await serveLinks(open, async (stream) => {
    stream.destroy();
    return count() === 3;
  });
  expect(count()).toBe(3);
});

test("that has an end", async () => {
  const { open, count } = opener(true);
  await serveLinks(open, async (stream) => {
    stream.destroy();
    return false;
  });
  expect(count()).toBe(MAX_LINKS_BEFORE_HELLO);
});

test("a link that cannot be renewed is the only one", async () => {
  const { open, count } = opener(false);
  await serveLinks(open, async (stream) => {
    stream.destroy();
    return false;
  });
  expect(count()).toBe(1);
});

test("a connection that stands is given back", async () => {
  const [ours, theirs] = socketPair();
  expect(await connected(ours)).toBe(ours);
  ours.close();
  theirs.close();
});
