/**
 * Loaded into the gateway before it starts (`--import probe.ts?FILE`, with --expose-gc): at each
 * SIGUSR2 it collects garbage and appends one line of JSON. The gateway itself knows nothing of it.
 */
import { appendFileSync } from "node:fs";

const file = decodeURIComponent(new URL(import.meta.url).search.slice(1));

process.on("SIGUSR2", () => {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().length;
  appendFileSync(file, `${JSON.stringify({ rss, heapUsed, external, handles })}\n`);
});
