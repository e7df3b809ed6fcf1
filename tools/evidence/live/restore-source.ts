/** Where the site's own test of restores keeps its records: in its pod, read by a command that only reads. */
import { type Cluster, NODE, type PodPlace } from "./cluster.ts";

export interface RestoreSource {
  readonly name: string;
  readonly read: () => Promise<{ readonly lines: readonly string[]; readonly publicKey: string }>;
}

/** Its name as a program (components/restore-test.ts). */
export const RESTORE_TEST = "restore-test";
/** Some kilobytes a week. */
const READ_MS = 30_000;

/** The public half of the key comes first, on a line of its own. */
const READ_RECORDS = `
const fs = require("node:fs"), path = require("node:path");
const { createPublicKey } = require("node:crypto");
const key = createPublicKey(fs.readFileSync(process.env.RESTORE_SEAL_KEY_FILE));
console.log(JSON.stringify(key.export({ type: "spki", format: "pem" })));
const file = path.join(process.env.RESTORE_STATE, "records.jsonl");
if (fs.existsSync(file)) process.stdout.write(fs.readFileSync(file, "utf8"));
`;

export function restoresOfPod(cluster: Cluster, place: PodPlace): RestoreSource {
  return {
    name: `${place.namespace}/${place.pod}`,
    read: async () => {
      const from = { ...place, container: RESTORE_TEST };
      const said: string[] = [];
      for await (const line of cluster.lines(from, [NODE, "-e", READ_RECORDS], READ_MS)) {
        if (line !== "") said.push(line);
      }
      const [key = '""', ...lines] = said;
      return { lines, publicKey: JSON.parse(key) as string };
    },
  };
}
