/** A real Alertmanager on loopback, for tests that want to see what it sends. */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { request } from "undici";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";
import { freePort, type SupervisedServer, supervise } from "./supervised.ts";

/** Debian's Alertmanager reads its templates there and nowhere else: a view of its own, where they are. */
const WITH_TEMPLATES =
  'mount -t tmpfs none /usr/share && cp -r "$0/usr/share/prometheus" /usr/share/ && exec "$@"';

export async function startAlertmanager(
  folder: string,
  configuration: string,
): Promise<SupervisedServer> {
  const file = path.join(folder, "alertmanager.yml");
  await writeFile(file, configuration);
  const { root } = await ensurePackages(["prometheus-alertmanager"]);
  const port = await freePort();
  const words = [
    ...[`--config.file=${file}`, `--storage.path=${path.join(folder, "data")}`],
    ...[`--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address="],
  ];
  return supervise(port, () => {
    const command = [path.join(root, "usr/bin/prometheus-alertmanager"), ...words];
    return spawn("unshare", ["--mount", "sh", "-c", WITH_TEMPLATES, root, ...command], {
      env: { ...process.env, ...environmentFor(root) },
      stdio: ["ignore", "ignore", "inherit"],
    });
  });
}

/** As Prometheus does; throws what it answers where that is not good. */
export async function sendAlerts(port: number, alerts: readonly object[]): Promise<void> {
  const response = await request(`http://127.0.0.1:${port}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(alerts),
  });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode} ${text}`);
}
