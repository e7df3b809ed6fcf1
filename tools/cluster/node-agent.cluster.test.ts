/** The node agent's own tests, in Go, with the packet filter as one of the judges. */
import path from "node:path";
import { expect, test } from "vitest";
import { run } from "../base/process.ts";
import { silentProgress } from "../base/progress.ts";
import { ensureHostPrograms } from "./host-programs.ts";

test("go test: rules, their meaning, the recycler", async () => {
  const { root, env } = await ensureHostPrograms(silentProgress);
  const result = await run("go", ["test", "-trimpath", "-mod=readonly", "-v", "./internal/..."], {
    cwd: import.meta.dirname,
    // As for the build of the programs, so that what it compiled is used again.
    env: {
      ...process.env,
      PATH: `${process.env["PATH"]}:/usr/local/go/bin`,
      CGO_ENABLED: "0",
      GOFLAGS: "",
      NFT: path.join(root, "usr/sbin/nft"),
      LD_LIBRARY_PATH: env["LD_LIBRARY_PATH"],
    },
    signal: AbortSignal.timeout(600_000),
  });
  expect(`${result.stdout}${result.stderr}`).toContain("--- PASS: TestThePacketFilterTakes");
  expect(result.code, result.stdout).toBe(0);
});
