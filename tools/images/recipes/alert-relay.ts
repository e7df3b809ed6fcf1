/**
 * Relays alerts: Node.js, which brings the public authorities that channels are verified with, and one
 * bundled file. An image of its own, so that a change of it rolls no gateway and reaches no other program.
 */
import type { Recipe } from "../recipe.ts";
import { NODE_ENTRYPOINT, NODE_PACKAGES, PROGRAM_UID } from "./program-user.ts";

export const alertRelay: Recipe = {
  name: "alert-relay",
  title: "DeepSeek private service: relays alerts to robots, Teams, text messages and tickets",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: NODE_ENTRYPOINT,
  ports: [8443, 9466],
  environment: { NODE_ENV: "production" },
  writable: [],
  debian: { packages: NODE_PACKAGES, include: [] },
  program: {
    entry: "tools/alert-relay/main.ts",
    sources: ["tools/alert-relay/", "tools/base/"],
    workspace: "",
  },
};
