/** Where data goes and stays, read from a stack's resources: what an impact assessment begins with. Pure. */

import { contextOf, type Resource } from "../../policies/judging/rule.ts";
import {
  containersOf,
  isPostgresCluster,
  kindOf,
  nameIn,
  podsOf,
} from "../../policies/kubernetes/pods.ts";
import { programOf } from "../../policies/kubernetes/read.ts";
import { asFields, at, type Fields, textAt } from "../../policies/kubernetes/values.ts";
import { statedVariable } from "../../policies/kubernetes/variables.ts";

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly ports: string;
}

export interface DataMap {
  readonly flows: readonly Flow[];
  /** What keeps data: its name and its kind. */
  readonly stores: readonly { readonly name: string; readonly kind: string }[];
  /** What becomes of prompts in the audit trail: none, hash or sealed. */
  readonly prompts: string;
  readonly auditDays: string;
  readonly regions: readonly string[];
  readonly outsideProviders: boolean;
  readonly models: readonly string[];
}

const NAME = "app.kubernetes.io/name";
const STORES: Readonly<Record<string, string>> = {
  "aws:rds/instance:Instance": "RDS PostgreSQL",
  "aws:elasticache/replicationGroup:ReplicationGroup": "ElastiCache",
  "aws:s3/bucket:Bucket": "S3",
  "aws:backup/vault:Vault": "AWS Backup",
};

export function dataMapOf(resources: readonly Resource[]): DataMap {
  const gateway = gatewayOf(resources);
  const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const models = at(root?.props, "models");
  return {
    flows: flowsOf(resources),
    stores: resources.flatMap(storeOf),
    prompts: gateway("GW_PROMPTS") ?? "",
    auditDays: gateway("GW_AUDIT_RETENTION_DAYS") ?? "",
    regions: resources.flatMap(({ type, props }) => {
      const region = type === "pulumi:providers:aws" ? textAt(props, "region") : undefined;
      return region === undefined ? [] : [region];
    }),
    outsideProviders: gateway("GW_PROVIDERS_FOLDER") !== undefined,
    models: Array.isArray(models) ? models.map(String) : [],
  };
}

function gatewayOf(resources: readonly Resource[]): (name: string) => string | undefined {
  const containers = resources
    .flatMap(({ type, props }) => podsOf(type, props).items)
    .filter((pod) => programOf(pod) === "gateway")
    .flatMap((pod) => containersOf(pod).items)
    .filter(({ name }) => name === "gateway");
  const context = contextOf(resources, {});
  return (name) =>
    containers
      .map((one) => statedVariable(one, name, context))
      .find((value) => value !== undefined);
}

function storeOf({ type, name, props }: Resource): DataMap["stores"] {
  const managed = STORES[type];
  if (managed !== undefined) return [{ name, kind: managed }];
  if (isPostgresCluster(type)) {
    return [
      { name: `${textAt(props, "metadata", "namespace")}/${nameIn(props)}`, kind: "PostgreSQL" },
    ];
  }
  const claims = at(props, "spec", "volumeClaimTemplates");
  if (kindOf(type) !== "StatefulSet" || !Array.isArray(claims) || claims.length === 0) return [];
  return [{ name: `${textAt(props, "metadata", "namespace")}/${nameIn(props)}`, kind: "volume" }];
}

/** Who is let in by whom: the ingress side, since every flow within the stack has one. Each is told once. */
function flowsOf(resources: readonly Resource[]): Flow[] {
  const all = resources.flatMap(({ type, props }) => {
    if (kindOf(type) !== "NetworkPolicy") return [];
    const to = labelIn(at(props, "spec", "podSelector")) ?? nameIn(props);
    const rules = at(props, "spec", "ingress");
    const ways = at(props, "spec", "egress");
    const outward = (Array.isArray(ways) ? ways : []).flatMap((rule) =>
      peersOf(rule, "to")
        .filter(isRange)
        .map((range) => ({ from: to, to: range, ports: portsOf(rule) })),
    );
    const inward = (Array.isArray(rules) ? rules : []).flatMap((rule) =>
      peersOf(rule, "from").map((from) => ({ from, to, ports: portsOf(rule) })),
    );
    return [...inward, ...outward];
  });
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

function isRange(peer: string): boolean {
  return /\/\d+$/.test(peer);
}

function peersOf(rule: unknown, key: "from" | "to"): string[] {
  const peers = at(rule, key);
  return (Array.isArray(peers) ? peers : []).map(
    (peer) => textAt(peer, "ipBlock", "cidr") ?? labelIn(at(peer, "podSelector")) ?? "pods",
  );
}

function portsOf(rule: unknown): string {
  const ports = at(rule, "ports");
  return (Array.isArray(ports) ? ports : []).map((one) => String(at(one, "port"))).join(", ");
}

function labelIn(selector: unknown): string | undefined {
  const labels: Fields = asFields(at(selector, "matchLabels")) ?? {};
  const [first] = Object.values(labels);
  const named = labels[NAME] ?? first;
  return named === undefined ? undefined : String(named);
}
