/** Debian's programs that the node runs: unpacked into the cache, never installed. */
import type { Progress } from "../base/progress.ts";
import { inheritedEnvironment } from "../debian/config.ts";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";

const PACKAGES = [
  "containerd",
  "runc",
  "containernetworking-plugins",
  "iptables",
  "nftables",
  "conntrack",
  "ethtool",
  "socat",
  "iproute2",
  "mount",
  "kmod",
];
/** Drawn in by maintainer scripts and suggestions only; none of the programs needs them to run. */
const UNNEEDED = ["adduser", "criu", "debconf", "dpkg", "passwd", "perl-base", "tar"];

export interface HostPrograms {
  readonly root: string;
  /** The whole environment in which the programs run. */
  readonly env: NodeJS.ProcessEnv;
}

export async function ensureHostPrograms(progress: Progress): Promise<HostPrograms> {
  const { root } = await ensurePackages(PACKAGES, { progress, without: UNNEEDED });
  const inherited = inheritedEnvironment();
  return { root, env: { HOME: inherited["HOME"] ?? "/root", ...environmentFor(root) } };
}
