import { describe, expect, it } from "vitest";
import { resolveUser } from "./user.ts";

const tables = {
  passwd: "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34::/:/bin/sh\n",
  group: "root:x:0:\nwww:x:34:\nadm:x:4:www\n",
};

describe("a spec's user", () => {
  it.each([
    ["www", 33, 34],
    ["33", 33, 34],
    ["www:adm", 33, 4],
    ["1000", 1000, 0],
    ["1000:1000", 1000, 1000],
    ["root:4", 0, 4],
  ])("%s", (user, uid, gid) => expect(resolveUser(user, tables)).toEqual({ uid, gid }));

  it.each([
    ["nobody-here", "unable to find user nobody-here: no matching entries in passwd file"],
    ["www:none", "unable to find group none: no matching entries in group file"],
  ])("refuses %s", (user, message) => {
    expect(() => resolveUser(user, tables)).toThrow(expect.objectContaining({ code: "invalid_argument", message }));
  });
});
