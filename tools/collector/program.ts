/** The OpenTelemetry Collector, built from the Go modules that go.sum pins, for tests of what is rendered for it. */
import path from "node:path";
import type { Progress } from "../base/progress.ts";
import { defaultCacheFolder } from "../debian/config.ts";
import { ensureGoPrograms, LICENCES } from "../go/programs.ts";

const PROGRAM = "collector";

export async function ensureCollector(progress: Progress): Promise<string> {
  const folder = await ensureGoPrograms(
    {
      title: "the OpenTelemetry Collector",
      module: import.meta.dirname,
      packages: ["./cmd/collector"],
      linkerFlags: "-s -w",
      files: [PROGRAM],
      licences: true,
      cacheDir: path.join(path.dirname(defaultCacheFolder()), "collector"),
    },
    progress,
  );
  return path.join(folder, PROGRAM);
}

/** The licence texts of what `program` is made of. */
export function collectorLicences(program: string): string {
  return path.join(path.dirname(program), LICENCES);
}
