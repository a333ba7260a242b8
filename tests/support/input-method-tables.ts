/**
 * Tables of zwp_input_method_v2, which no Debian package carries as XML, as far as an input method of the tests needs
 * them; see wlr-tables.ts.
 */
import type { InterfaceTable } from "../../src/wayland/types.ts";

export const zwp_input_method_manager_v2: InterfaceTable = {
  name: "zwp_input_method_manager_v2",
  version: 1,
  requests: [
    {
      name: "get_input_method",
      since: 1,
      args: [
        { name: "seat", type: "object", interface: "wl_seat" },
        { name: "input_method", type: "new_id", interface: "zwp_input_method_v2" },
      ],
    },
    { name: "destroy", since: 1, destructor: true, args: [] },
  ],
  events: [],
  enums: {},
};

export const zwp_input_method_v2: InterfaceTable = {
  name: "zwp_input_method_v2",
  version: 1,
  requests: [
    { name: "commit_string", since: 1, args: [{ name: "text", type: "string" }] },
    {
      name: "set_preedit_string",
      since: 1,
      args: [
        { name: "text", type: "string" },
        { name: "cursor_begin", type: "int" },
        { name: "cursor_end", type: "int" },
      ],
    },
    {
      name: "delete_surrounding_text",
      since: 1,
      args: [
        { name: "before_length", type: "uint" },
        { name: "after_length", type: "uint" },
      ],
    },
    { name: "commit", since: 1, args: [{ name: "serial", type: "uint" }] },
  ],
  events: [
    { name: "activate", since: 1, args: [] },
    { name: "deactivate", since: 1, args: [] },
    {
      name: "surrounding_text",
      since: 1,
      args: [
        { name: "text", type: "string" },
        { name: "cursor", type: "uint" },
        { name: "anchor", type: "uint" },
      ],
    },
    { name: "text_change_cause", since: 1, args: [{ name: "cause", type: "uint" }] },
    {
      name: "content_type",
      since: 1,
      args: [
        { name: "hint", type: "uint" },
        { name: "purpose", type: "uint" },
      ],
    },
    { name: "done", since: 1, args: [] },
    { name: "unavailable", since: 1, args: [] },
  ],
  enums: {},
};

export const inputMethodInterfaces: readonly InterfaceTable[] = [zwp_input_method_manager_v2, zwp_input_method_v2];
