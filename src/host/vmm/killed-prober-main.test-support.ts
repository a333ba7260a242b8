/** A process that is killed while it tries a driver. */
import type { Driver } from "./driver.ts";
import { probeDriver } from "./probe.ts";

const driver: Driver = {
  name: "deadly",
  probe: () => Promise.reject(new Error("nobody asks")),
  start: () => {
    process.kill(process.pid, "SIGKILL");
    return Promise.withResolvers<never>().promise;
  },
};
const kernel = { version: "6", image: "/kernel", initramfs: "/initramfs", digest: "" };
await probeDriver(driver, process.execPath, kernel, false);
