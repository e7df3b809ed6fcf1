/**
 * A standby that needs its primary is none. It may follow the primary's data, and it names that host for
 * replication alone: no image, address, key or configuration of its programs points there, and its keys
 * lie in its own region.
 */
import type { Context, Rule } from "../judging/rule.ts";
import {
  containersOf,
  hasPods,
  isPostgresCluster,
  kindOf,
  nameIn,
  podsOf,
} from "../kubernetes/pods.ts";
import { asFields, at, textAt } from "../kubernetes/values.ts";

/** What follows the primary, and must name it. */
const FOLLOWERS = ["redis"];
const FILES_OF_FOLLOWERS = /^(start-)?(redis|sentinel)|^replication\.conf$/;

export const standbyIndependence: Rule = {
  name: "standby-independence",
  description: "A standby needs nothing of its primary but the data that it follows.",
  severity: "high",
  sees: "stack",
  about: "standby that follows a primary",
  applies: ({ type }, context) =>
    primaryHosts(context).length > 0 &&
    (hasPods(type) || kindOf(type) === "ConfigMap" || isPostgresCluster(type)),
  judge: ({ type, props }, report, context) => {
    const where = `${kindOf(type)} ${nameIn(props)}`;
    const found = new Set<string>();
    for (const text of textsOf(type, props)) {
      for (const host of primaryHosts(context)) if (text.includes(host)) found.add(host);
    }
    for (const host of found)
      report.fails(`${where} needs ${host}, which is the primary's. Use this site's own.`);
  },
};

/** Hosts of the primary, from what this site replicates from; none: this stack is no standby. */
function primaryHosts({ resources, once }: Context): readonly string[] {
  return once("primary", () =>
    resources.flatMap(({ type, props }) => {
      if (!isPostgresCluster(type)) return [];
      const replica = at(props, "spec", "replica");
      if (replica === undefined || at(replica, "primary") === at(replica, "self")) return [];
      const list = at(props, "spec", "externalClusters");
      return (Array.isArray(list) ? list : []).flatMap((one) => {
        const host = textAt(one, "connectionParameters", "host");
        return host === undefined ? [] : [host];
      });
    }),
  );
}

function textsOf(type: string, props: object): string[] {
  if (isPostgresCluster(type)) return [textAt(props, "spec", "imageName") ?? ""];
  if (kindOf(type) === "ConfigMap") {
    return Object.entries(asFields(at(props, "data")) ?? {}).flatMap(([name, text]) =>
      FILES_OF_FOLLOWERS.test(name) ? [] : [String(text)],
    );
  }
  return podsOf(type, props as never).items.flatMap((pod) => {
    if (FOLLOWERS.includes(String(pod.labels["app.kubernetes.io/name"]))) return [];
    return containersOf(pod).items.map(({ fields }) =>
      JSON.stringify([fields["image"], fields["env"], fields["command"], fields["args"]]),
    );
  });
}
