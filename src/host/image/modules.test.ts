import { expect, test } from "bun:test";
import { moduleFiles } from "./modules.ts";

const DEP = `kernel/fs/erofs/erofs.ko.xz: kernel/lib/libcrc32c.ko.xz kernel/crypto/crc32c-generic.ko.xz
kernel/lib/libcrc32c.ko.xz: kernel/crypto/crc32c-generic.ko.xz
kernel/crypto/crc32c-generic.ko.xz:
kernel/drivers/block/virtio_blk.ko.xz:
`;

test("what a module needs comes before it, and once", () => {
  expect(moduleFiles(["erofs", "virtio-blk", "erofs"], DEP, "")).toEqual([
    "kernel/crypto/crc32c-generic.ko.xz",
    "kernel/lib/libcrc32c.ko.xz",
    "kernel/fs/erofs/erofs.ko.xz",
    "kernel/drivers/block/virtio_blk.ko.xz",
  ]);
});

test("what is built in needs no file", () => {
  expect(moduleFiles(["virtio_blk"], DEP, "kernel/drivers/block/virtio_blk.ko\n")).toEqual([]);
});

test("a kernel without the module is refused by name", () => {
  expect(() => moduleFiles(["virtio_pmem"], DEP, "")).toThrow('no module "virtio_pmem"');
});
