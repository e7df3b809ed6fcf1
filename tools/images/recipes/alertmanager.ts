/** Alertmanager, under Debian's name and its own. */
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

export const alertmanager: Recipe = {
  name: "alertmanager",
  title: "DeepSeek private service: Alertmanager",
  user: { name: "alertmanager", uid: PROGRAM_UID },
  entrypoint: ["/usr/bin/alertmanager"],
  ports: [9093],
  writable: ["/alertmanager"],
  debian: {
    packages: ["prometheus-alertmanager", "ca-certificates"],
    include: [
      "usr/bin/prometheus-alertmanager",
      "usr/share/prometheus/alertmanager/default.tmpl",
      "usr/share/prometheus/alertmanager/email.tmpl",
    ],
    without: ["openssl"],
  },
  links: { "usr/bin/alertmanager": "prometheus-alertmanager" },
  // Notifications leave the cluster: mail relays and webhooks.
  authorities: true,
};
