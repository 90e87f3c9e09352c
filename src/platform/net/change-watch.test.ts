import { expect, it } from "vitest";
import { isLinkNews } from "./change-watch.ts";

it.each([
  ["Deleted 10.9.9.9 dev sv7q5x lladdr 02:42:0a:00:01:05 NOARP PERMANENT ", true],
  ["10.0.1.5 dev sv7q5x lladdr 02:42:0a:00:01:05 PERMANENT ", true],
  ["Deleted 10.0.1.5 dev sv7q5x FAILED ", true],
  ["Deleted 2: sb7q5x    inet 10.0.1.9/32 scope global sb7q5x", true],
  ["3: sv7q5x: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue master sb7q5x state DOWN group default ", true],
  ["Deleted default via 10.0.0.3 dev sb7q5x table 5200003 proto 114 onlink ", true],
  ["Deleted 5200:\tfrom all fwmark 0x100000/0xfff00000 lookup 5200001", true],
  ["10.0.1.5 dev sb7q5x lladdr 02:42:0a:00:01:05 REACHABLE ", false],
  ["10.0.1.5 dev sb7q5x  FAILED", false],
  ["12: veth1@if11: <BROADCAST,MULTICAST> mtu 1450 qdisc noop master sb7q5x state DOWN group default ", true],
  ["12: veth1@if11: <BROADCAST,MULTICAST> mtu 1450 qdisc noop master br0 state DOWN group default ", false],
  ["Deleted 12: veth1@if11: <BROADCAST,MULTICAST> mtu 1450 master sb7q5x state DOWN ", false],
  ["2: eth0    inet 10.0.1.9/32 scope global eth0", false],
  ["    link/ether 6e:7e:c6:ad:2e:8f brd ff:ff:ff:ff:ff:ff", false],
  ["", false],
])("%s: %s", (line, isNews) => {
  expect(isLinkNews(line, ["sb7q5", "sv7q5"])).toBe(isNews);
});
