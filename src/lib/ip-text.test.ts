import { describe, expect, it } from "vitest";
import { parseIp } from "./ip.ts";
import { formatIp } from "./ip-text.ts";

describe("formatIp", () => {
  it.each([
    ["0.0.0.0", "0.0.0.0"],
    ["255.254.0.1", "255.254.0.1"],
    ["::", "::"],
    ["::1", "::1"],
    ["fd00:0:0:1::", "fd00:0:0:1::"],
    ["FD00:0:0:1:0:0:0:a", "fd00:0:0:1::a"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
  ])("writes %s as %s", (text, written) => {
    expect(formatIp(parseIp(text)!)).toBe(written);
  });
});
