/**
 * Patients' data: a PostgreSQL of its own in a namespace of its own, with walls, a certificate and a
 * storage key that nothing else has. Nothing of the service talks to it. Who of the hospital may look
 * at its objects are groups that the cluster's own sign-in knows; no one else may, and nobody may
 * read a Secret or begin a process there.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, labelsOf } from "./component.ts";
import type { Flow } from "./flows.ts";
import { NetworkPolicies } from "./network-policies.ts";
import type { PostgresHandle } from "./postgres.ts";
import { PostgresCluster, type PostgresClusterArgs } from "./postgres-cluster.ts";
import { type PostgresClusterFlows, postgresClusterFlows } from "./postgres-cluster-flows.ts";

export interface PatientStoreArgs {
  readonly namespace: string;
  readonly database: Omit<PostgresClusterArgs, "namespace" | "cluster" | "role">;
  readonly flows: Omit<PostgresClusterFlows, "namespace" | "cluster">;
  readonly dnsRanges: readonly string[];
  /** Further flows of the namespace, and who in it may not even resolve names. */
  readonly furtherFlows?: readonly Flow[];
  readonly silent?: readonly string[];
  readonly roles: PatientRoles;
}

/** Groups by the names under which people sign in to the cluster. */
export interface PatientRoles {
  /** See that it runs: pods, events, the state of the cluster and its backups. */
  readonly operators: readonly string[];
  /** See who may do what, and what the walls are. */
  readonly auditors: readonly string[];
}

export const PATIENTS = "patients";

export class PatientStore extends Component {
  readonly database: PostgresHandle;

  constructor(name: string, args: PatientStoreArgs, options?: pulumi.ComponentResourceOptions) {
    super("data:PatientStore", name, options);
    const parent = { parent: this };
    const { namespace } = args;
    const own = postgresClusterFlows({ ...args.flows, namespace, cluster: PATIENTS });
    const walls = new NetworkPolicies(
      `${name}-walls`,
      {
        namespaces: [namespace],
        flows: [...own, ...(args.furtherFlows ?? [])],
        dnsRanges: args.dnsRanges,
        silent: args.silent ?? [],
      },
      parent,
    );
    for (const [role, groups] of Object.entries(args.roles)) {
      bindRole(name, namespace, role as keyof PatientRoles, groups, parent);
    }
    this.database = new PostgresCluster(
      name,
      { ...args.database, namespace, cluster: PATIENTS, role: PATIENTS },
      // No pod starts before the walls stand.
      { ...parent, dependsOn: [walls] },
    );
    this.registerOutputs({});
  }
}

const LOOK = ["get", "list", "watch"];

/** Every group of the API, kind and verb by name: a star would take in what is installed later. */
const RULES: Readonly<Record<keyof PatientRoles, k8s.types.input.rbac.v1.PolicyRule[]>> = {
  operators: [
    { apiGroups: [""], resources: ["pods", "events", "persistentvolumeclaims"], verbs: LOOK },
    {
      apiGroups: ["postgresql.cnpg.io"],
      resources: ["clusters", "backups", "scheduledbackups"],
      verbs: LOOK,
    },
  ],
  auditors: [
    {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["roles", "rolebindings"],
      verbs: LOOK,
    },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: LOOK },
    { apiGroups: ["postgresql.cnpg.io"], resources: ["clusters", "backups"], verbs: LOOK },
  ],
};

/** A role that nobody has is not made. */
function bindRole(
  name: string,
  namespace: string,
  role: keyof PatientRoles,
  groups: readonly string[],
  options: pulumi.CustomResourceOptions,
): void {
  if (groups.length === 0) return;
  const own = `${PATIENTS}-${role}`;
  const metadata = { name: own, namespace, labels: labelsOf(PATIENTS) };
  const made = new k8s.rbac.v1.Role(`${name}-${role}`, { metadata, rules: RULES[role] }, options);
  new k8s.rbac.v1.RoleBinding(
    `${name}-${role}`,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: own },
      subjects: groups.map((group) => ({
        apiGroup: "rbac.authorization.k8s.io",
        kind: "Group",
        name: group,
      })),
    },
    { ...options, dependsOn: [made] },
  );
}
