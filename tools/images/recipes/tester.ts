/** For tests alone: tries connections from inside a pod. No stack deploys it. */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

const APPLETS = ["cat", "echo", "httpd", "nc", "nslookup", "sh", "sleep", "true", "wget"];

export const tester: Recipe = {
  name: "tester",
  title: "DeepSeek private service: connection tests",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: ["/usr/bin/busybox", "sleep", "infinity"],
  ports: [],
  writable: ["/tmp"],
  shell: "tests run their questions in it",
  debian: { packages: ["busybox-static"], include: ["usr/bin/busybox"] },
  links: Object.fromEntries(APPLETS.map((applet) => [`usr/bin/${applet}`, "busybox"])),
};
