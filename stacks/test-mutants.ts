/** For tests: one way to break each rule in a stack that keeps it. */
import type { JudgedResource } from "../policies/judging/judge-graph.ts";

// biome-ignore lint/suspicious/noExplicitAny: resources of every type pass here
type Loose = any;

export interface Mutant {
  readonly rule: string;
  /** `type name`, of which the first that fits is broken; components have nothing to break. */
  readonly where: RegExp;
  /** What is changed; undefined: the resource is taken away. */
  readonly change?: (props: Loose) => void;
}

const GATEWAY = /StatefulSet gateway$/;
const EDGE = /Deployment edge$/;
const MODEL = /Deployment model-/;
const POSTGRES = /postgresql\.cnpg\.io\/v1:Cluster |aws:rds\/instance/;

const pod = (props: Loose) => props.spec.template.spec;
const main = (props: Loose) => pod(props).containers[0];
const variable = (name: string, value: string) => (props: Loose) => {
  const { env } = main(props);
  const entry = env.find((one: Loose) => one.name === name);
  if (entry === undefined) env.push({ name, value });
  else entry.value = value;
};
const file = (name: string, from: RegExp | string, to: string) => (props: Loose) => {
  props.data[name] = props.data[name].replaceAll(from, to);
};
const row = (rule: string, where: RegExp, change?: (props: Loose) => void): Mutant => ({
  ...{ rule, where },
  ...(change === undefined ? {} : { change }),
});
const statement = (key: string, text: string) => (props: Loose) => {
  props[key] = JSON.stringify({ Version: "2012-10-17", Statement: [JSON.parse(text)] });
};

export const MUTANTS: readonly Mutant[] = [
  row("admin-mfa", GATEWAY, variable("GW_ADMIN_TOTP", "optional")),
  row("admin-mfa", GATEWAY, (props) => {
    props.spec.template.metadata.labels = {};
    variable("GW_ADMIN_TOTP", "optional")(props);
  }),
  row("admin-separation", /Secret gateway-keys$/, (props) => {
    const keys = [{ id: "one", roles: ["system-admin", "audit-admin"] }];
    props.data["keys.json"] = Buffer.from(JSON.stringify({ keys })).toString("base64");
  }),
  row("admin-mfa", GATEWAY, (props) => {
    const { env } = main(props);
    main(props).env = env.filter((one: Loose) => one.name !== "GW_ADMIN_TOTP");
    main(props).envFrom = [{ secretRef: { name: "settings" } }];
  }),
  row(
    "alerts-delivered",
    /ConfigMap prometheus-configuration$/,
    file("prometheus.yml", /rule_files:/g, "none:"),
  ),
  row("allowed-images", EDGE, (props) => {
    main(props).image = "docker.io/somebody/nginx:1";
  }),
  row("audit-retention", GATEWAY, variable("GW_AUDIT_RETENTION_DAYS", "180")),
  row("audit-sealed", GATEWAY, (props) => {
    props.spec.volumeClaimTemplates = [];
  }),
  row("audit-worm", /bucketObjectLock.* audit$/, (props) => {
    props.rule.defaultRetention.mode = "GOVERNANCE";
  }),
  row("backups", POSTGRES, (props) => {
    props.backupRetentionPeriod = 0;
    if (props.spec !== undefined) props.spec.plugins = [];
  }),
  row("restored-backups", /StatefulSet restore-test$|backup\/restoreTestingSelection/),
  row("boundary-audit", /eks\/cluster:Cluster /, (props) => {
    props.enabledClusterLogTypes = ["api"];
  }),
  row("boundary-audit", /ec2\/flowLog:/, (props) => {
    props.vpcId = "vpc-of-somebody-else";
  }),
  row("bounded-namespaces", /ResourceQuota .*deepseek/),
  row("closed-security-groups", /securityGroupIngressRule:.* balancer-https-0/, (props) => {
    props.toPort = 65_535;
  }),
  row("cloud-data-encrypted", /rds\/instance:/, (props) => {
    props.kmsKeyId = null;
  }),
  row("complete-flows", /NetworkPolicy deepseek-allow-edge$/, (props) => {
    props.spec.egress = [];
  }),
  row("data-residency", /ConfigMap gateway-routes$/, file("routes.json", /https:/g, "http:")),
  row(
    "default-accounts-off",
    /Secret redis-users$|elasticache\/user:User cache-default/,
    (props) => {
      if (props.data !== undefined) props.data["users.acl"] = "";
      props.accessString = "on ~* +@all";
    },
  ),
  row("default-deny", /NetworkPolicy deepseek-default-deny$/),
  row("deletion-protection", /StatefulSet redis$|rds\/instance:/, (props) => {
    props.deletionProtection = false;
    if (props.spec !== undefined)
      props.spec.persistentVolumeClaimRetentionPolicy.whenDeleted = "Delete";
  }),
  row("drain-outlasts-streams", EDGE, (props) => {
    pod(props).terminationGracePeriodSeconds = 30;
  }),
  row("drain-outlasts-streams", EDGE, (props) => {
    props.spec.template.metadata.labels = {};
    pod(props).terminationGracePeriodSeconds = 30;
  }),
  row("encrypted-volumes", GATEWAY, (props) => {
    const spec = { storageClassName: "fast" };
    pod(props).volumes.push({ name: "more", ephemeral: { volumeClaimTemplate: { spec } } });
  }),
  row("encrypted-volumes", GATEWAY, (props) => {
    props.spec.volumeClaimTemplates[0].spec.storageClassName = "fast";
  }),
  row("gpu-pods", MODEL, (props) => {
    pod(props).tolerations = [];
  }),
  row("hardened-nodes", /launchTemplate:/, (props) => {
    props.metadataOptions.httpTokens = "optional";
  }),
  row("hardened-nodes", /launchTemplate:/, (props) => {
    props.userData = Buffer.from("#!/bin/sh\nsystemctl mask auditd\n").toString("base64");
  }),
  row("key-rotation", /Certificate tls-edge$/, (props) => {
    props.spec.privateKey.rotationPolicy = "Never";
  }),
  row("key-rotation", /kms\/key:Key /, (props) => {
    props.enableKeyRotation = false;
  }),
  row(
    "least-iam",
    /iam\/rolePolicy:/,
    statement("policy", '{"Effect":"Allow","Action":"s3:*","Resource":"*"}'),
  ),
  row("least-identity", GATEWAY, (props) => {
    pod(props).automountServiceAccountToken = true;
  }),
  row("least-rbac", /authorization\.k8s\.io\/v1:Role /, (props) => {
    props.aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] };
  }),
  row("least-rbac", /authorization\.k8s\.io\/v1:Role /, (props) => {
    props.rules[0].verbs = ["*"];
  }),
  row("log-content", /ConfigMap edge-configuration$/, file("nginx.conf", "$uri", "$request_uri")),
  row("log-content", /ConfigMap edge-configuration$/, (props) => {
    props.data["site.json"] = props.data["nginx.conf"].replaceAll("$uri", "$request_uri");
  }),
  row("log-content", GATEWAY, variable("GW_LOG_LEVEL", "debug")),
  row("log-content", GATEWAY, (props) => {
    variable("LEVEL", "debug")(props);
    variable("GW_LOG_LEVEL", "$(LEVEL)")(props);
  }),
  row("log-content", /rds\/parameterGroup:|postgresql\.cnpg\.io\/v1:Cluster /, (props) => {
    props.parameters = [{ name: "log_min_duration_statement", value: "0" }];
    if (props.spec !== undefined) props.spec.postgresql.parameters.log_min_duration_statement = "0";
  }),
  row("log-retention", /logGroup:/, (props) => {
    props.retentionInDays = 30;
  }),
  row("named-flows", /NetworkPolicy deepseek-allow-edge$/, (props) => {
    props.spec.egress.push({ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 443 }] });
  }),
  row("namespace-security", /Namespace deepseek$/, (props) => {
    props.metadata.labels = {};
  }),
  row("no-archived-components", EDGE, (props) => {
    main(props).image = "registry.k8s.io/ingress-nginx/controller:v1";
  }),
  row("no-host-access", GATEWAY, (props) => {
    pod(props).volumes.push({ name: "host", hostPath: { path: "/" } });
  }),
  row("no-plain-listeners", EDGE, (props) => {
    main(props).readinessProbe.httpGet.scheme = "HTTP";
  }),
  row("no-plain-secrets", GATEWAY, variable("SOME_PASSWORD", "hunter2-and-more")),
  row("no-plain-secrets", /launchTemplate:/, (props) => {
    props.userData = Buffer.from("export DB_PASSWORD=hunter2-and-more").toString("base64");
  }),
  row("no-public-endpoints", /Service gateway$/, (props) => {
    props.spec.type = "LoadBalancer";
  }),
  row("offline-inference", MODEL, variable("HF_HUB_OFFLINE", "0")),
  row("only-through-gateway", /Service model-[^ ]*(?<!metrics)$/, (props) => {
    props.spec.type = "NodePort";
  }),
  row("patient-store", /Namespace deepseek-patient$|Namespace .*patient/),
  row("pinned-digests", EDGE, (props) => {
    main(props).image = `${main(props).image}@sha256:short`;
  }),
  row("profile-named", /pulumi:pulumi:Stack /, (props) => {
    props.plan = { profile: "none" };
  }),
  row(
    "quotas-enforced",
    /ConfigMap gateway-routes$/,
    file("tiers.json", /"requestsPer\w+"/g, '"unlimited"'),
  ),
  row("redundancy", EDGE, (props) => {
    props.spec.replicas = 1;
  }),
  row("redundancy", EDGE, (props) => {
    props.spec.template.metadata.labels = {};
    props.spec.replicas = 1;
  }),
  row("region-fence", /kms\/key:Key /, (props) => {
    props.replica = "arn:aws:kms:eu-west-1:123456789012:key/a";
  }),
  row("replicated-state", POSTGRES, (props) => {
    props.multiAz = false;
    if (props.spec !== undefined) props.spec.instances = 1;
  }),
  row("resources-and-probes", EDGE, (props) => {
    delete main(props).livenessProbe;
  }),
  row("restricted-pods", GATEWAY, (props) => {
    main(props).securityContext.allowPrivilegeEscalation = true;
  }),
  row("scan-and-pin", /ecr\/repository:/, (props) => {
    props.imageTagMutability = "MUTABLE";
  }),
  row("sealed-weights", MODEL, (props) => {
    pod(props).initContainers = [];
  }),
  // The hospital's other data centre, whose ledger is copied.
  row("standby-independence", GATEWAY, variable("GW_ELSEWHERE", "postgres.b.hospital.example")),
  row("tls13-monitoring", /ConfigMap prometheus-configuration$/, file("web.yml", "TLS13", "TLS12")),
  row(
    "tls13-monitoring",
    /ConfigMap grafana-configuration$/,
    file("grafana.ini", "[auth.anonymous]\nenabled = false", "[auth.anonymous]\nenabled = true"),
  ),
  row(
    "tls13-only",
    /ConfigMap edge-configuration$/,
    file("nginx.conf", "ssl_protocols TLSv1.3;", ""),
  ),
  row("tls13-only", /ConfigMap edge-configuration$/, (props) => {
    const text = props.data["nginx.conf"].replaceAll("TLSv1.3", "TLSv1.2");
    props.data = { "site.json": text };
  }),
  row("tls13-only", EDGE, (props) => {
    main(props).args = ["-g", "ssl_protocols TLSv1.2;"];
  }),
  row("tls13-stores", /Secret redis-users$/, (props) => {
    props.data["more.conf"] = Buffer.from("port 6379\n").toString("base64");
  }),
  row("tls13-stores", /rds\/parameterGroup:|postgresql\.cnpg\.io\/v1:Cluster /, (props) => {
    props.parameters = [];
    if (props.spec !== undefined) props.spec.postgresql.parameters = {};
  }),
];

/** The graph with the mutant in it; undefined: the stack has nothing of the kind. */
export function mutated(
  { where, change }: Mutant,
  resources: readonly JudgedResource[],
): JudgedResource[] | undefined {
  const found = resources.find(
    ({ inputs: { type, name } }) => !type.startsWith("deepseek:") && where.test(`${type} ${name}`),
  );
  if (found === undefined) return undefined;
  if (change === undefined) return resources.filter((one) => one !== found);
  const [inputs, outputs] = [found.inputs, found.outputs].map((one) => {
    const props = structuredClone(one.props);
    change(props);
    return { ...one, props };
  }) as [JudgedResource["inputs"], JudgedResource["outputs"]];
  return resources.map((one) => (one === found ? { inputs, outputs } : one));
}
