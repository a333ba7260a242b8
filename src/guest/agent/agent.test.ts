import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AGENT_PROTOCOL_VERSION, MAX_PROCESSES } from "../../channel/contract/agent.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { WINDOW_BYTES } from "../../channel/mux.ts";
import { socketPair } from "../../sys/socket.ts";
import { countDescriptors } from "../../sys/test-support.ts";
import { runAgent } from "./agent.ts";
import { OUTPUT_SILENCE_MS } from "./process-output.ts";
import { collect, deadline, eventually, failureOf, follow, TestHost } from "./test-support.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const encode = (text: string) => new TextEncoder().encode(text);

let host: TestHost;
beforeEach(() => {
  host = new TestHost();
});
afterEach(() => host.close());

describe("hello", () => {
  test("tells uptimes in order and the kernel", async () => {
    const { uptime, kernel, version } = await host.hello();
    expect(version).toBe(AGENT_PROTOCOL_VERSION);
    expect(kernel).toMatch(/^\d+\./);
    expect(uptime.init).toBeLessThanOrEqual(uptime.agent);
    expect(uptime.agent).toBeLessThan(uptime.now);
  });
  test("refuses another version, and a second one", async () => {
    expect((await failureOf(host.hello({ version: 99 }))).code).toBe("protocol");
    await host.hello();
    expect((await failureOf(host.hello())).code).toBe("protocol");
  });
  test("refuses an arena that is not there", async () => {
    const other = new TestHost({ openDisplay: () => ({ close: () => {} }) });
    expect((await failureOf(other.hello({ pixels: "arena" }))).code).toBe("unavailable");
    await other.close();
  });
  test("must come before the first process", async () => {
    expect((await failureOf(host.spawn(["true"]))).code).toBe("unavailable");
  });
  test("opens the display in the runtime directory", async () => {
    let path = "";
    const other = new TestHost({
      openDisplay: (options) => {
        path = options.socketPath;
        expect(options.pixels).toEqual({ kind: "stream" });
        return { close: () => {} };
      },
    });
    await other.hello();
    expect(path).toBe(join(other.directory, "run/wayland-0"));
    await other.close();
  });
});

describe("a process", () => {
  beforeEach(async () => void (await host.hello()));

  test("gets and gives 1 MiB of any bytes unchanged", async () => {
    const input = new Uint8Array(randomBytes(1024 * 1024));
    const { end, stdout, stderr } = await host.run(["sh", "-c", "tee /dev/stderr"], input);
    expect(end).toEqual({ code: 0, signal: null });
    expect(sha256(stdout)).toBe(sha256(input));
    expect(sha256(stderr)).toBe(sha256(input));
  });
  test("ends with its own status", async () => {
    for (const code of [0, 7, 255]) {
      expect((await host.run(["sh", "-c", `exit ${code}`])).end).toEqual({ code, signal: null });
    }
  });
  test("ends with the signal that killed it", async () => {
    expect((await host.run(["sh", "-c", "kill -USR1 $$"])).end).toEqual({ code: null, signal: "SIGUSR1" });
  });
  test("is not found", async () => {
    const error = await failureOf(host.spawn(["xyz"]));
    expect(error.code).toBe("not-found");
    expect(error.message).toBe('Cannot start "xyz": no such command in the image');
  });
  test("starts in a directory, or not if there is none", async () => {
    expect((await host.run(["pwd"], undefined, { directory: "/usr/lib" })).text).toBe("/usr/lib\n");
    expect((await failureOf(host.spawn(["pwd"], { directory: "/no/such" }))).code).toBe("not-found");
    expect((await failureOf(host.spawn(["pwd"], { directory: "usr" }))).code).toBe("invalid-argument");
  });
  test("has a clean environment with what was asked for", async () => {
    process.env.VITRINE_TEST_LEAK = "leak";
    const { text } = await host.run(["env"], undefined, { environment: { GREETING: "hej då" } });
    delete process.env.VITRINE_TEST_LEAK;
    const lines = text.trim().split("\n");
    expect(lines).toContain("GREETING=hej då");
    expect(lines).toContain("LANG=C.UTF-8");
    expect(lines).toContain("WAYLAND_DISPLAY=wayland-0");
    expect(text).not.toContain("VITRINE_TEST_LEAK");
  });
  test("holds no descriptor of the agent but its streams", async () => {
    const { text } = await host.run(["sh", "-c", "ls /proc/self/fd"]);
    expect(text.trim().split("\n")).toEqual(["0", "1", "2", "3"]); // 3: the directory that ls reads.
  });
  test("reads and writes /dev/null where no stream was opened", async () => {
    const started = await host.spawn(["sh", "-c", "readlink /proc/$$/fd/0 /proc/$$/fd/2"], { streams: ["stdout"] });
    expect(new TextDecoder().decode(await collect(started.stream("stdout")))).toBe("/dev/null\n/dev/null\n");
    expect((await started.ended).code).toBe(0);
  });
  test("gets signals with all its group, and a late one does no harm", async () => {
    const started = await host.spawn(["sh", "-c", "sleep 1000 & echo $!; wait"]);
    const output = follow(started.stream("stdout"));
    await output.until("\n");
    await host.rpc.call("signal", { process: started.process, signal: "SIGTERM" });
    expect(await started.ended).toEqual({ code: null, signal: "SIGTERM" });
    await output.over; // The background sleep held it open.
    const late = await failureOf(host.rpc.call("signal", { process: started.process, signal: "SIGTERM" }));
    expect(late.code).toBe("not-found");
  });
  test("is reported when it has ended although its child holds the output open", async () => {
    const started = await host.spawn(["sh", "-c", "sleep 1000 & echo $!"]);
    const output = follow(started.stream("stdout"));
    expect(await started.ended).toEqual({ code: 0, signal: null });
    process.kill(Number(output.text()), "SIGKILL");
    await output.over;
  });
  test("waits for a slow reader, and is reported after its last byte", async () => {
    const bytes = 6 * 1024 * 1024;
    const started = await host.spawn(["sh", "-c", `exec head -c ${bytes} /dev/zero`]);
    const stdout = started.stream("stdout");
    let received = 0;
    let reported = false;
    void started.ended.then(() => {
      reported = true;
    });
    stdout.pause();
    const over = Promise.withResolvers<void>();
    stdout.onData((chunk) => {
      received += chunk.length;
    });
    stdout.onEnd(over.resolve);
    // Blocked: what it has written so far no longer grows. What buffers on the way holds far less than all.
    const written = () => Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${started.pid}/io`, "utf8"))?.[1]);
    let before = -1;
    await eventually(() => {
      const now = written();
      const same = now > 0 && now === before;
      before = now;
      return same;
    }, "the process to be blocked");
    expect(before).toBeLessThan(bytes);
    expect(reported).toBe(false);
    stdout.resume();
    await deadline(over.promise, "all output");
    expect(received).toBe(bytes);
    expect((await started.ended).code).toBe(0);
  });
  test("is reported after its last byte also when little waits for a reader", async () => {
    // More than the link's window, so that the rest waits in the agent; less than would make the process wait.
    const bytes = WINDOW_BYTES + 100_000;
    const started = await host.spawn(["head", "-c", `${bytes}`, "/dev/zero"]);
    const stdout = started.stream("stdout");
    let reported = false;
    void started.ended.then(() => {
      reported = true;
    });
    stdout.pause();
    await eventually(() => !existsSync(`/proc/${started.pid}`), "the process to end");
    await new Promise((resolve) => setTimeout(resolve, 2 * OUTPUT_SILENCE_MS)); // Long enough for a wrong report.
    expect(reported).toBe(false);
    const output = collect(stdout);
    stdout.resume();
    expect((await output).length).toBe(bytes);
    expect((await started.ended).code).toBe(0);
  });
  test("finds its output closed when the host gives the stream up", async () => {
    const started = await host.spawn(["yes"]);
    await new Promise<void>((resolve) => started.stream("stdout").onData(() => resolve()));
    started.stream("stdout").destroy();
    expect(await started.ended).toEqual({ code: null, signal: "SIGPIPE" });
  });
  test("may end without reading its input", async () => {
    const started = await host.spawn(["true"]);
    const chunk = new Uint8Array(64 * 1024);
    for (let count = 0; count < 16; count += 1) started.stream("stdin").write(chunk);
    const outputs = Promise.all([collect(started.stream("stdout")), collect(started.stream("stderr"))]);
    expect(await started.ended).toEqual({ code: 0, signal: null });
    await outputs;
  });
  test("leaves no descriptor behind, however it ended", async () => {
    const round = async () => {
      await host.run(["sh", "-c", "cat; echo x >&2"], encode("input"));
      const killed = await host.spawn(["sleep", "1000"], { stdio: "terminal" });
      await host.rpc.call("signal", { process: killed.process, signal: "SIGKILL" });
      await killed.ended;
      await failureOf(host.spawn(["xyz"]));
      await failureOf(host.spawn(["true"], { stdio: "terminal", streams: ["stdin"] }));
      await (await host.spawn(["true"], { stdio: "null" })).ended;
    };
    await round();
    const before = countDescriptors();
    for (let count = 0; count < 5; count += 1) await round();
    await eventually(() => countDescriptors() <= before, "all descriptors to be closed");
  });
  test("cannot have the number of another, nor be one too many", async () => {
    const first = await host.spawn(["sleep", "1000"]);
    const again = host.rpc.call("spawn", {
      process: first.process,
      argv: ["true"],
      environment: {},
      user: "user",
      stdio: { kind: "null" },
    });
    expect((await failureOf(again)).code).toBe("invalid-argument");
    const rest = Array.from({ length: MAX_PROCESSES - 1 }, () => host.spawn(["sleep", "1000"], { stdio: "null" }));
    await Promise.all(rest);
    expect((await failureOf(host.spawn(["true"]))).code).toBe("limit");
    await host.rpc.call("signal", { process: first.process, signal: "SIGKILL" });
    await first.ended;
    expect((await host.run(["true"])).end.code).toBe(0);
  });
  test("is one of many", async () => {
    const runs = Array.from({ length: 40 }, (_, index) =>
      host.run(["sh", "-c", `cat; exit ${index}`], encode(`${index}`)),
    );
    const results = await Promise.all(runs);
    results.forEach(({ end, text }, index) => {
      expect({ text, code: end.code }).toEqual({ text: `${index}`, code: index });
    });
  });
});

describe("a terminal", () => {
  beforeEach(async () => void (await host.hello()));

  test("echoes, has a size that can change, and is the controlling one", async () => {
    const started = await host.spawn(["sh", "-c", "stty size; tty; cat </dev/tty; stty size"], { stdio: "terminal" });
    const terminal = started.stream("terminal");
    const screen = follow(terminal);
    await screen.until("24 80\r\n/dev/pts/");
    terminal.write(encode("hello\n"));
    await screen.until("hello\r\nhello\r\n");
    await host.rpc.call("resize", { process: started.process, rows: 50, columns: 132 });
    terminal.write(encode("\x04"));
    await screen.until("50 132\r\n");
    expect(await started.ended).toEqual({ code: 0, signal: null });
    await screen.over;
  });
  test("turns Ctrl-C into a signal", async () => {
    const started = await host.spawn(["sh", "-c", "echo ready; exec sleep 1000"], { stdio: "terminal" });
    const screen = follow(started.stream("terminal"));
    await screen.until("ready");
    started.stream("terminal").write(encode("\x03"));
    expect(await started.ended).toEqual({ code: null, signal: "SIGINT" });
  });
  test("hangs up when the host closes it, in order or not", async () => {
    for (const close of ["end", "destroy"] as const) {
      const started = await host.spawn(["sh", "-c", "echo ready; exec sleep 1000"], { stdio: "terminal" });
      await follow(started.stream("terminal")).until("ready");
      started.stream("terminal")[close]();
      expect(await started.ended).toEqual({ code: null, signal: "SIGHUP" });
    }
  });
  test("is wanted for stdio of that kind, and for a resize", async () => {
    expect((await failureOf(host.spawn(["true"], { stdio: "terminal", streams: [] }))).code).toBe("invalid-argument");
    const started = await host.spawn(["sleep", "1000"]);
    const resize = host.rpc.call("resize", { process: started.process, rows: 1, columns: 1 });
    expect((await failureOf(resize)).code).toBe("invalid-argument");
  });
});

describe("the session bus", () => {
  test("answers the first program, and ends with the agent", async () => {
    await host.hello();
    const call =
      'echo "$DBUS_SESSION_BUS_ADDRESS"; exec dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId';
    const { end, text } = await host.run(["sh", "-c", call]);
    expect(host.notices).toEqual([]);
    expect(end).toEqual({ code: 0, signal: null });
    expect(text).toStartWith(`unix:path=${join(host.directory, "run/bus")}\n`);
    expect(text).toContain("method return");
  });
});

describe("the end", () => {
  test("stop asks, then kills, then powers off", async () => {
    await host.hello();
    const polite = await host.spawn([
      "sh",
      "-c",
      "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done",
    ]);
    const stubborn = await host.spawn(["sh", "-c", "trap '' TERM HUP; echo ready; while :; do sleep 0.01; done"]);
    const [first, second] = [follow(polite.stream("stdout")), follow(stubborn.stream("stdout"))];
    await Promise.all([first.until("ready"), second.until("ready")]);
    const stopped = host.rpc.call("stop", { grace: 300 });
    expect(await polite.ended).toEqual({ code: 3, signal: null });
    expect(first.text()).toContain("bye");
    expect((await failureOf(host.spawn(["true"]))).code).toBe("unavailable");
    await stopped;
    await deadline(host.poweredOff, "the power to go off");
  });
  test("stop ends an interactive shell before the grace is over", async () => {
    await host.hello();
    const shell = await host.spawn(["sh", "-i"], { stdio: "terminal" });
    const screen = follow(shell.stream("terminal"));
    shell.stream("terminal").write(encode("echo x$HOME\n"));
    await screen.until("x/home/user");
    await host.rpc.call("stop", { grace: 60_000 }, { deadlineMs: 5000 });
    expect((await shell.ended).signal).toBe("SIGHUP");
  });
  test("stop is at once when nothing runs", async () => {
    await host.hello();
    const start = performance.now();
    await host.rpc.call("stop", { grace: 60_000 });
    await host.poweredOff;
    expect(performance.now() - start).toBeLessThan(5000);
  });
  test("loss of the link kills processes and powers off", async () => {
    await host.hello();
    const started = await host.spawn(["sh", "-c", "trap '' TERM HUP; echo ready; exec sleep 1000"]);
    await follow(started.stream("stdout")).until("ready");
    host.link.destroy();
    expect(await deadline(host.poweredOff, "the power to go off")).toBe(true);
    await eventually(() => !existsSync(`/proc/${started.pid}`), "the process to go");
  });
  test("garbage on the link powers off", async () => {
    const [ours, theirs] = socketPair();
    const off = Promise.withResolvers<boolean>();
    runAgent(fdStream(theirs), { appRoot: "/", runtimeDir: join(host.directory, "other"), powerOff: off.resolve });
    const link = fdStream(ours);
    link.write(new Uint8Array(randomBytes(4096)));
    expect(await deadline(off.promise, "the power to go off")).toBe(false);
    link.destroy();
  });
  test("streams of no known kind, and a second rpc stream, are refused and do no harm", async () => {
    await host.hello();
    for (const header of [{ kind: "other" }, { kind: "stdio", process: 0, name: "stdin" }, { kind: "rpc" }, 7]) {
      const stream = host.mux.open(header);
      await deadline(new Promise<void>((resolve) => stream.onClose(() => resolve())), "a refusal");
    }
    expect((await host.run(["true"])).end.code).toBe(0);
  });
});
