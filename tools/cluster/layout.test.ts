import { expect, test } from "vitest";
import { BRIDGE, clusterLayout, networkPlan, takenRanges } from "./layout.ts";

test("the run folder is short for any checkout, and different for two", () => {
  const deep = clusterLayout(`/home/${"very-long/".repeat(30)}`);
  expect(`${deep.kubeletDir}/device-plugins/kubelet.sock`.length).toBeLessThan(108);
  expect(deep.runDir).not.toBe(clusterLayout("/home/other").runDir);
  expect(clusterLayout("/a/../b").dir).toBe("/b");
});

test("a range is taken when a route overlaps it, in either direction", () => {
  const routes = (...lines: string[]) => takenRanges(lines.join("\n"), BRIDGE);
  expect(routes("default via 192.0.2.1 dev eth0", "192.0.2.0/24 dev eth0 scope link")).toEqual([]);
  expect(routes("10.201.0.128/25 dev vpn0")).toEqual([201]);
  expect(routes("10.202.7.9 via 10.0.0.1 dev vpn0")).toEqual([201]);
  expect(routes("10.192.0.0/11 dev vpn0")).toEqual([201, 211, 221]);
  expect(routes(`10.201.0.0/24 dev ${BRIDGE} proto kernel scope link`)).toEqual([]);
});

test("pods, Services, DNS and the node have addresses of their own ranges", () => {
  expect(networkPlan(201)).toMatchObject({
    nodeAddress: "10.201.0.1",
    podRange: "10.201.0.0/24",
    serviceRange: "10.202.0.0/16",
    dnsAddress: "10.202.0.10",
  });
});
