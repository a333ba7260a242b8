/**
 * wl_fixes, the interface that lets a client destroy its wl_registry. In the form of generated/*.ts but written by hand:
 * the release whose packages the tables are made from has an older core protocol. Version 1, of Wayland 1.24.
 */
import type { InterfaceTable } from "./types.ts";

export const wl_fixes: InterfaceTable = {
  name: "wl_fixes",
  version: 1,
  requests: [
    { name: "destroy", since: 1, destructor: true, args: [] },
    { name: "destroy_registry", since: 1, args: [{ name: "registry", type: "object", interface: "wl_registry" }] },
  ],
  events: [],
  enums: {},
};
