/** What is read from the kernel and from the host's tools, on recorded texts. */
import { expect, test } from "vitest";
import { listenerInode } from "../base/ports.ts";
import { groupHostOf } from "./control-groups.ts";
import { emptyTables, withoutOwnRules } from "./host-settings.ts";
import { ownNotes } from "./host-traces.ts";
import { mountPointsBelow } from "./mounts.ts";
import { upstreamsOf } from "./objects.ts";
import { freeSpaceFaults, platformFaults, refuse } from "./preflight.ts";

const V1 = ["cpu", "cpuacct", "cpuset", "memory", "pids"]
  .map((name) => `30 29 0:30 / /sys/fs/cgroup/${name} rw - cgroup cgroup rw,${name}`)
  .join("\n");
const V2 = "40 29 0:40 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw";

test("control groups: version 1 where its controllers are mounted, else version 2, else none", () => {
  const hybrid = groupHostOf(`${V1}\n${V2.replace("/sys/fs/cgroup ", "/sys/fs/cgroup/unified ")}`);
  expect(hybrid).toMatchObject({ version: 1, tracking: "/sys/fs/cgroup/pids" });
  expect(hybrid?.roots).toContain("/sys/fs/cgroup/unified");
  expect(groupHostOf(V2)).toEqual({
    version: 2,
    roots: ["/sys/fs/cgroup"],
    tracking: "/sys/fs/cgroup",
  });
  expect(groupHostOf("20 1 8:1 / / rw - ext4 /dev/sda1 rw")).toBeUndefined();
});

test("mounts below a folder come off in reverse; a folder of a like name is left alone", () => {
  const table = [
    "1 0 8:1 / / rw - ext4 a rw",
    "2 1 0:9 / /run/x rw - tmpfs t rw",
    "3 2 0:9 / /run/x/a\\040b rw - tmpfs t rw",
    "4 1 0:9 / /run/xyz rw - tmpfs t rw",
  ].join("\n");
  expect(mountPointsBelow(table, ["/run/x"])).toEqual(["/run/x/a b", "/run/x"]);
});

const SAVED = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:KUBE-FORWARD - [0:0]
:mine - [0:0]
-A INPUT -s 192.0.2.1/32 -j mine
-A FORWARD -j KUBE-FORWARD
-A FORWARD -i deepseek0 -j ACCEPT
-A FORWARD -i deepseek01 -j ACCEPT
-A KUBE-FORWARD -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "portals" -j KUBE-SERVICES
COMMIT
`;

test("of the packet filter only what is ours is taken out, and only empty tables go", () => {
  const kept = withoutOwnRules(SAVED, "deepseek0");
  expect(kept).not.toMatch(/KUBE-|deepseek0 /);
  expect(kept).toContain("-A INPUT -s 192.0.2.1/32 -j mine");
  expect(kept).toContain("-i deepseek01 -j ACCEPT");
  expect(emptyTables(kept)).toEqual(["nat"]);
  expect(emptyTables(SAVED)).toEqual([]);
});

test("notes of the pods' network are told from another runtime's", () => {
  const names = [
    "deepseek-aa11-eth0",
    "cni-loopback-aa11-lo",
    "cni-loopback-bb22-lo",
    "podman-bb22-eth0",
  ];
  expect(ownNotes(names)).toEqual(["deepseek-aa11-eth0", "cni-loopback-aa11-lo"]);
});

test("resolvers on loopback are no use to a pod", () => {
  expect(
    upstreamsOf("search x\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver fe80::1\n"),
  ).toEqual(["192.0.2.1"]);
});

test("the holder of a port is found by the listening socket, not by a connection", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode",
    "   0: 0100007F:192B 0100007F:D431 01 00000000:00000000 00:00000000 00000000 0 0 111 1",
    "   1: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 222 1",
  ].join("\n");
  expect(listenerInode(table, 6443)).toBe("222");
  expect(listenerInode(table, 6444)).toBeUndefined();
});

test("refusals name what is wrong and a way out; several come together", () => {
  expect(() => refuse(platformFaults("darwin", 501))).toThrow(/needs Linux, and this is darwin/);
  expect(() => refuse(platformFaults("linux", 1000))).toThrow(/only root may/);
  expect(() => refuse(platformFaults("linux", 0))).not.toThrow();
  const full = freeSpaceFaults("/data", 2 * 1024 ** 3);
  expect(full[0]?.what).toBe("the disk has 2.0 GiB free; the cluster needs 5.0 GiB");
  expect(freeSpaceFaults("/data", 6 * 1024 ** 3)).toEqual([]);
  expect(() => refuse([...full, ...platformFaults("linux", 1)])).toThrow(/for 2 reasons/);
});
