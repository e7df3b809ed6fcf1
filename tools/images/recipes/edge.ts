/**
 * nginx with its core modules (http, ssl) and no dynamic ones. The configuration is mounted at
 * /etc/nginx/nginx.conf; it must say `daemon off`, put the process id and the temporary files below /tmp
 * and name its access log; errors go to standard error from the first line on.
 */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const edge: Recipe = {
  name: "edge",
  title: "DeepSeek private service: edge (nginx)",
  user: { name: "nginx", uid: PROGRAM_UID },
  entrypoint: ["/usr/sbin/nginx"],
  ports: [8080, 8443],
  writable: ["/tmp"],
  // nginx ends open connections in peace on QUIT, and cuts them on TERM.
  stopSignal: "SIGQUIT",
  debian: {
    packages: ["nginx"],
    include: ["usr/sbin/nginx", "etc/nginx/mime.types"],
  },
};
