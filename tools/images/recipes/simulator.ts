/** The simulated model server: Node.js and one bundled file without dependencies. */
import type { Recipe } from "../recipe.ts";
import { NODE_ENTRYPOINT, NODE_PACKAGES, PROGRAM_UID } from "./program-user.ts";

export const simulator: Recipe = {
  name: "simulator",
  title: "DeepSeek private service: simulated model server",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: NODE_ENTRYPOINT,
  ports: [8000],
  environment: { NODE_ENV: "production" },
  writable: [],
  debian: { packages: NODE_PACKAGES, include: [] },
  program: { entry: "tools/simulator/main.ts", sources: ["tools/simulator/"], workspace: "" },
};
