/**
 * What the cluster changes on the host itself: kernel settings, the bridge, packet filter rules.
 * Former values are written down before the first change and come back with `restoreHost`.
 */
import { access, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { run, runOrThrow } from "../base/process.ts";
import { UserError } from "../base/user-error.ts";
import type { Layout } from "./layout.ts";

/** Set by us before anything starts. */
const SETTINGS: Readonly<Record<string, string>> = {
  "net/ipv4/ip_forward": "1",
  "net/bridge/bridge-nf-call-iptables": "1",
  "net/bridge/bridge-nf-call-ip6tables": "1",
};

/** Set by the kubelet and kube-proxy themselves; listed so that they come back too. */
const SETTINGS_OF_PROGRAMS = [
  "net/ipv4/conf/all/route_localnet",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

type Former = Readonly<Record<string, string>>;

/** Gone after a reboot, as the settings are. */
function formerFile(runDir: string): string {
  return path.join(runDir, "former-settings.json");
}

/** Returns whether the machine forwarded packets before. */
export async function prepareHost(
  layout: Layout,
  env: NodeJS.ProcessEnv,
): Promise<{ wasRouter: boolean }> {
  await loadBridgeFilter();
  const former = (await readFormer(layout.runDir)) ?? (await rememberFormer(layout.runDir));
  for (const [name, value] of Object.entries(SETTINGS)) await writeFile(setting(name), value);
  await ensureBridge(layout, env);
  await passForeignFilter(layout, env);
  return { wasRouter: former["net/ipv4/ip_forward"] === "1" };
}

/** Takes back bridge, rules and settings of a cluster whose programs have ended. */
export async function restoreHost(
  runDir: string,
  names: { bridge: string; table: string },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  await run("nft", ["delete", "table", "inet", names.table], { env });
  await removeProxyRules(names.bridge, env);
  await run("ip", ["link", "delete", names.bridge], { env });
  const former = await readFormer(runDir);
  if (former === undefined) return;
  for (const [name, value] of Object.entries(former)) {
    await writeFile(setting(name), value).catch(() => {});
  }
  await rm(formerFile(runDir), { force: true });
}

/** The filter for bridged packets is a module on most kernels and built in on some. */
async function loadBridgeFilter(): Promise<void> {
  const present = () =>
    access(setting("net/bridge/bridge-nf-call-iptables")).then(
      () => true,
      () => false,
    );
  if (await present()) return;
  await run("modprobe", ["br_netfilter"]).catch(() => undefined);
  if (await present()) return;
  throw new UserError("the kernel cannot filter bridged packets, so no policy would hold", {
    where: "module br_netfilter",
    fix: "load it (modprobe br_netfilter) or use a kernel that has it; or give --kubeconfig FILE",
  });
}

async function rememberFormer(runDir: string): Promise<Former> {
  const former: Record<string, string> = {};
  for (const name of [...Object.keys(SETTINGS), ...SETTINGS_OF_PROGRAMS]) {
    const value = await readFile(setting(name), "utf8").catch(() => undefined);
    if (value !== undefined) former[name] = value.trim();
  }
  await writeFileAtomic(formerFile(runDir), JSON.stringify(former), 0o600);
  return former;
}

async function readFormer(runDir: string): Promise<Former | undefined> {
  const text = await readFile(formerFile(runDir), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Former);
}

function setting(name: string): string {
  return path.join("/proc/sys", name);
}

async function ensureBridge(layout: Layout, env: NodeJS.ProcessEnv): Promise<void> {
  const { bridge, nodeAddress } = layout.network;
  const known = await run("ip", ["link", "show", bridge], { env });
  if (known.code !== 0) await runOrThrow("ip", ["link", "add", bridge, "type", "bridge"], { env });
  await writeFile(setting(`net/ipv6/conf/${bridge}/disable_ipv6`), "1").catch(() => {});
  await runOrThrow("ip", ["address", "replace", `${nodeAddress}/24`, "dev", bridge], { env });
  await runOrThrow("ip", ["link", "set", bridge, "up"], { env });
}

/** Docker and some firewalls forward nothing by default: pods' packets are judged by our own table. */
async function passForeignFilter(layout: Layout, env: NodeJS.ProcessEnv): Promise<void> {
  const { bridge } = layout.network;
  const saved = (await run("iptables-save", ["-t", "filter"], { env })).stdout;
  if (!/^:FORWARD DROP/m.test(saved) || saved.includes(`-i ${bridge} `)) return;
  for (const direction of ["-i", "-o"]) {
    await runOrThrow("iptables", ["-I", "FORWARD", direction, bridge, "-j", "ACCEPT"], { env });
  }
}

/** kube-proxy's chains begin with KUBE-; everything else in these tables is left untouched. */
async function removeProxyRules(bridge: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const family of ["iptables", "ip6tables"]) {
    const saved = await run(`${family}-save`, [], { env });
    const kept = withoutOwnRules(saved.stdout, bridge);
    if (saved.code !== 0 || kept === saved.stdout) continue;
    await run(`${family}-restore`, [], { env, input: kept });
    const left = (await run(`${family}-save`, [], { env })).stdout;
    const protocol = family === "iptables" ? "ip" : "ip6";
    for (const table of emptyTables(left))
      await run("nft", ["delete", "table", protocol, table], { env });
  }
}

/** The text of iptables-save without any line that names a KUBE- chain or our bridge; pure. */
export function withoutOwnRules(saved: string, bridge: string): string {
  return saved
    .split("\n")
    .filter((line) => !line.includes("KUBE-") && !line.split(" ").includes(bridge))
    .join("\n");
}

/** Tables that hold no rule, no chain of their own and only accept: as good as absent; pure. */
export function emptyTables(saved: string): string[] {
  return saved
    .split(/^\*/m)
    .slice(1)
    .filter((text) => {
      const lines = text.split("\n").slice(1);
      const rules = lines.filter((line) => line.startsWith("-"));
      const chains = lines.filter((line) => line.startsWith(":"));
      return rules.length === 0 && chains.every((line) => / ACCEPT /.test(line));
    })
    .map((text) => text.split("\n")[0] ?? "");
}
