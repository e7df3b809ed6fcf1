/**
 * What holds a pod's namespaces open for containerd. A static program that sleeps; nobody can
 * enter it, since kubelet offers no way into a sandbox.
 */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const pause: Recipe = {
  name: "pause",
  title: "DeepSeek private service: pod sandbox",
  user: { name: "program", uid: PROGRAM_UID },
  entrypoint: ["/usr/bin/busybox", "sleep", "infinity"],
  ports: [],
  writable: [],
  shell: "busybox is one static file that sleeps; its shell comes with it and has no name here",
  debian: { packages: ["busybox-static"], include: ["usr/bin/busybox"] },
};
