/** Apps with a root of their own, as in the guest. Needs root, like the agent. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadline, eventually, failureOf, follow, NamespacedAgent, TestHost } from "./test-support.ts";

const USER = { uid: 12_345, gid: 12_346 };
const APPLETS = ["cat", "id", "pwd", "setsid", "sh", "sleep", "touch", "tty", "stty", "echo"];

/** Says its command line; makes its socket late, and only if it is to make one itself. */
const DAEMON_WITHOUT_HANDOVER = `#!/bin/sh
echo "$@" > /tmp/daemon-arguments
for argument; do case $argument in --address=unix:path=*) sleep 0.2; touch "\${argument#*path=}"; esac; done
exec sleep 1000
`;

describe.skipIf(process.getuid?.() !== 0)("in a root of their own", () => {
  let root: string;
  let runtime: string;
  let agent: NamespacedAgent;
  let host: TestHost;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "vitrine-root-"));
    chmodSync(root, 0o755);
    for (const folder of ["usr/bin", "tmp", "dev", "root"]) mkdirSync(join(root, folder), { recursive: true });
    chmodSync(join(root, "tmp"), 0o1777);
    symlinkSync("/usr/bin", join(root, "bin"));
    copyFileSync("/usr/bin/busybox", join(root, "usr/bin/busybox"));
    for (const name of APPLETS) symlinkSync("/usr/bin/busybox", join(root, "usr/bin", name));
    writeFileSync(join(root, "dev/null"), "");
    // The same path inside and outside is free, as /run/user/1000 is in the guest.
    runtime = mkdtempSync(join(tmpdir(), "vitrine-runtime-"));
    agent = new NamespacedAgent({ appRoot: root, user: USER, runtimeDir: join(root, runtime, "user") });
    host = new TestHost({}, (link) => agent.serve(link));
    await host.hello();
  });
  afterEach(async () => {
    await host.rpc.call("stop", { grace: 0 }).catch(() => {}); // A test may have done that.
    await host.close();
    agent.close();
    rmSync(root, { recursive: true, force: true });
    rmSync(runtime, { recursive: true, force: true });
  });

  test("a program is the user, at home, without other groups", async () => {
    const { text, end, stderr } = await host.run(["sh", "-c", 'id -u; id -g; id -G; pwd; echo "$HOME" "$SHELL"']);
    expect(new TextDecoder().decode(stderr)).toBe("");
    expect(text).toBe("12345\n12346\n12346\n/home/user\n/home/user /bin/sh\n");
    expect(end).toEqual({ code: 0, signal: null });
  });
  test("root is root, in root's home", async () => {
    const { text } = await host.run(["sh", "-c", 'id -u; id -G; pwd; echo "$USER"'], undefined, { user: "root" });
    expect(text).toBe("0\n0\n/root\nroot\n");
  });
  test("the user owns the runtime directory, nobody else may enter", async () => {
    const { text } = await host.run(["sh", "-c", 'busybox stat -c "%u %g %a" "$XDG_RUNTIME_DIR"']);
    expect(text).toBe("12345 12346 700\n");
  });
  test("commands of the machine are not commands of the image", async () => {
    expect((await failureOf(host.spawn(["/usr/bin/python3"]))).code).toBe("not-found");
    expect((await failureOf(host.spawn(["ls"]))).code).toBe("not-found");
  });
  test("signals and terminals work through the wrapper", async () => {
    const started = await host.spawn(["sh", "-c", "stty size; exec sleep 1000"], { stdio: "terminal" });
    await follow(started.stream("terminal")).until("24 80\r\n");
    started.stream("terminal").write(new Uint8Array([3]));
    expect(await started.ended).toEqual({ code: null, signal: "SIGINT" });
  });
  test("the root is the root of a mount namespace: there is nothing around it, and programs may make user namespaces", async () => {
    const { text } = await host.run(["sh", "-c", "ls -d /*; busybox unshare -U busybox sh -c 'echo made'"]);
    expect(text.trim().split("\n")).toEqual(["/bin", "/dev", "/home", "/proc", "/root", "/tmp", "/usr", "made"]);
  });
  test("stop ends what has left its group, or made a mount namespace of its own", async () => {
    const stubborn = "trap '' TERM HUP; echo there; exec sleep 1000";
    const script = `setsid sh -c "${stubborn}" & busybox unshare -m sh -c "${stubborn}" & exec sleep 1000`;
    const started = await host.spawn(["sh", "-c", script], { user: "root" });
    await follow(started.stream("stdout")).until("there\nthere\n");
    await host.rpc.call("stop", { grace: 100 });
    await deadline(host.poweredOff, "the power to go off");
    await eventually(async () => (await agent.processes()) === 0, "all to have ended");
  });
  test("a session bus that makes its own socket is waited for", async () => {
    writeFileSync(join(root, "usr/bin/dbus-daemon"), DAEMON_WITHOUT_HANDOVER, { mode: 0o755 });
    const { text } = await host.run([
      "sh",
      "-c",
      'cat /tmp/daemon-arguments; test -e "$XDG_RUNTIME_DIR/bus" && echo there',
    ]);
    const address = `unix:path=${runtime}/user/bus`;
    expect(text).toBe(`--session --nofork --nopidfile --nosyslog --address=${address}\nthere\n`);
  });
});
