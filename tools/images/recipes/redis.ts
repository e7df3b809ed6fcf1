/** Redis with TLS, which is its sentinel as well; redis-cli is inside for probes. */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const redis: Recipe = {
  name: "redis",
  title: "DeepSeek private service: Redis",
  user: { name: "redis", uid: PROGRAM_UID },
  entrypoint: ["/usr/bin/redis-server"],
  ports: [6379],
  writable: ["/data"],
  shell:
    "members of a replicated Redis begin with a script that asks the sentinels who is the primary",
  debian: {
    packages: ["redis-server", "dash", "coreutils"],
    // The server is a link to the check program: Redis tells them apart by the name it is called.
    include: [
      ...["redis-server", "redis-check-rdb", "redis-cli"].map((program) => `usr/bin/${program}`),
      ...["dash", "sh", "mv", "sleep", "timeout"].map((tool) => `usr/bin/${tool}`),
    ],
  },
};
