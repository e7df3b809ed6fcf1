/** Redis with TLS; redis-cli is inside for probes. */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const redis: Recipe = {
  name: "redis",
  title: "DeepSeek private service: Redis",
  user: { name: "redis", uid: PROGRAM_UID },
  entrypoint: ["/usr/bin/redis-server"],
  ports: [6379],
  writable: ["/data"],
  debian: {
    packages: ["redis-server"],
    // The server is a link to the check program: Redis tells them apart by the name it is called.
    include: ["usr/bin/redis-server", "usr/bin/redis-check-rdb", "usr/bin/redis-cli"],
  },
};
