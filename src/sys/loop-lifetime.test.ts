/** What the loop means for the life of a process, seen from outside. */
import { describe, expect, test } from "bun:test";
import { runScript } from "./test-support.ts";

const PREAMBLE = `
  import { OwnedFd } from "./fd.ts";
  import { setLoopErrorHandler, watch } from "./loop.ts";
  import { readSome, socketPair, writeSome } from "./socket.ts";
  const [left, right] = socketPair();
`;

describe("a process", () => {
  test("ends when its last watch closes while the wait is in the pool", async () => {
    const result = await runScript(`${PREAMBLE}
      const one = watch(right, { readable: true }, () => {});
      const two = watch(left, { readable: true }, () => {});
      setTimeout(() => one.close(), 20);
      setTimeout(() => { two.close(); console.log("closed"); }, 60);
    `);
    expect(result).toEqual({ exitCode: 0, signal: null, output: "closed\n", errors: "" });
  });

  test("ends when its last watched descriptor closes, inside a handler or outside", async () => {
    for (const script of [
      `watch(right, { readable: true }, () => right.close()); setTimeout(() => writeSome(left, new Uint8Array(1)), 20);`,
      `watch(right, { readable: true }, () => {}); setTimeout(() => right.close(), 20);`,
      `watch(right, { readable: true }, () => {}).close();`,
      `watch(right, {}, () => {}); setTimeout(() => right.close(), 20);`,
    ]) {
      const result = await runScript(PREAMBLE + script);
      expect(result).toEqual({ exitCode: 0, signal: null, output: "", errors: "" });
    }
  });

  test("ends though waits in the pool had to be ended before", async () => {
    const result = await runScript(`${PREAMBLE}
      let rounds = 0;
      const next = () => {
        const watching = watch(right, { readable: true }, () => {});
        setTimeout(() => {
          watching.close();
          if (++rounds < 4) setTimeout(next, 20);
        }, 20);
      };
      next();
    `);
    expect(result).toEqual({ exitCode: 0, signal: null, output: "", errors: "" });
  });

  test("ends after many watches came and went", async () => {
    const result = await runScript(`${PREAMBLE}
      let rounds = 0;
      const next = () => {
        const watching = watch(right, { readable: true }, () => {
          readSome(right, new Uint8Array(8));
          watching.close();
          if (++rounds < 300) next();
          else console.log(rounds);
        });
        if (rounds % 3 === 0) setTimeout(() => writeSome(left, new Uint8Array(1)), 1);
        else writeSome(left, new Uint8Array(1));
        if (rounds % 7 === 0) { const [extra] = socketPair(); watch(extra, { readable: true }, () => {}).close(); extra.close(); }
      };
      next();
    `);
    expect(result).toEqual({ exitCode: 0, signal: null, output: "300\n", errors: "" });
  });

  test("lives for as long as a watch is open, even a paused one", async () => {
    const result = await runScript(
      `${PREAMBLE}
      const stdin = OwnedFd.own(0);
      watch(stdin, { readable: true }, () => {
        const into = new Uint8Array(64);
        const count = readSome(stdin, into);
        if (count === 0) stdin.close();
        else console.log("got " + new TextDecoder().decode(into.subarray(0, count)));
      });
      const paused = watch(right, {}, () => {});
      process.on("exit", () => console.log("exit"));
      setTimeout(() => paused.close(), 200);
    `,
      "input",
    );
    expect(result).toEqual({ exitCode: 0, signal: null, output: "got input\nexit\n", errors: "" });
  });

  test("rests while nothing happens, also with a paused watch whose peer has gone", async () => {
    const result = await runScript(`${PREAMBLE}
      const [idle, peer] = socketPair();
      watch(idle, { readable: true }, () => {});
      const paused = watch(right, { readable: true }, () => paused.update({}));
      left.close();
      setTimeout(() => {
        const before = process.cpuUsage();
        setTimeout(() => {
          const { user, system } = process.cpuUsage(before);
          console.log(user + system < 100_000 ? "rested" : "spent " + (user + system) + " us");
          idle.close();
          right.close();
        }, 400);
      }, 50);
    `);
    expect(result).toEqual({ exitCode: 0, signal: null, output: "rested\n", errors: "" });
  });

  test("can exit, and be ended by an exception, while a wait is in the pool", async () => {
    const exits = await runScript(`${PREAMBLE}
      watch(right, { readable: true }, () => {});
      setTimeout(() => process.exit(7), 20);
    `);
    expect(exits).toMatchObject({ exitCode: 7, signal: null });
    const throws = await runScript(`${PREAMBLE}
      watch(right, { readable: true }, () => {});
      setTimeout(() => { throw new Error("on purpose"); }, 20);
    `);
    expect(throws).toMatchObject({ exitCode: 1, signal: null });
  });

  test("can be ended by an exception and by exit under steady load, a file's included", async () => {
    const load = `
      watch(right, { writable: true }, () => {});
      const file = OwnedFd.own((await import("node:fs")).openSync("/dev/null"));
    `;
    for (const more of ["", "watch(file, { readable: true }, () => {});"]) {
      for (const end of ["process.exit(1)", 'throw new Error("on purpose")']) {
        const result = await runScript(`${PREAMBLE} ${load} ${more} setTimeout(() => { ${end}; }, 20);`);
        expect(result).toMatchObject({ exitCode: 1, signal: null });
      }
    }
  });

  test("is ended by what a handler throws, unless somebody catches it", async () => {
    const handler = `watch(right, { readable: true }, () => {
        readSome(right, new Uint8Array(1));
        throw new Error("thrown by a handler");
      });
      writeSome(left, new Uint8Array(2));
    `;
    const ended = await runScript(PREAMBLE + handler);
    expect(ended).toMatchObject({ exitCode: 1, signal: null });
    expect(ended.errors).toContain("thrown by a handler");
    const always = `watch(right, { writable: true }, () => { throw new Error("thrown by a handler"); });`;
    expect(await runScript(PREAMBLE + always)).toMatchObject({ exitCode: 1, signal: null });
    const caught = await runScript(`${PREAMBLE}
      let count = 0;
      process.on("uncaughtException", (error) => { console.log(error.message); if (++count === 2) right.close(); });
      ${handler}`);
    expect(caught).toMatchObject({ exitCode: 0, output: "thrown by a handler\nthrown by a handler\n" });
  });
});
