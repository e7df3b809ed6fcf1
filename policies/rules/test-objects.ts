/** For tests: a Deployment that satisfies every rule about pods, and ways to spoil it. */

export const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
export const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";

type Fields = Record<string, unknown>;

export const PROBE = { httpGet: { path: "/health", port: 8080, scheme: "HTTPS" } };

export function container(over: Fields = {}): Fields {
  return {
    name: "main",
    image: "deepseek.local/program:1",
    resources: { requests: { cpu: "250m", memory: "256Mi" }, limits: { memory: "256Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
    },
    readinessProbe: PROBE,
    livenessProbe: PROBE,
    ...over,
  };
}

/** A container whose security context differs from the good one. */
export function contained(over: Fields): Fields {
  const good = container();
  return { ...good, securityContext: { ...(good.securityContext as Fields), ...over } };
}

export function podSpec(over: Fields = {}): Fields {
  return {
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [container()],
    ...over,
  };
}

export function deployment(over: Fields = {}, metadata: Fields = {}): Fields {
  return {
    metadata: { name: "gateway", namespace: "deepseek", ...metadata },
    spec: {
      template: {
        metadata: { labels: { "app.kubernetes.io/name": "gateway" } },
        spec: podSpec(over),
      },
    },
  };
}

/** A gateway's container, with variables beside those it always has. */
export function gateway(variables: Readonly<Record<string, string>> = {}): Fields {
  const env = { ...variables, GW_TLS_CERT_FILE: "/etc/tls/tls.crt" };
  return container({
    name: "gateway",
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
  });
}

/** A Deployment whose pods are of another program. */
export function labelled(program: string, over: Fields = {}): Fields {
  return {
    metadata: { name: program, namespace: "deepseek" },
    spec: {
      template: {
        metadata: { labels: { "app.kubernetes.io/name": program } },
        spec: podSpec(over),
      },
    },
  };
}

/** The root of a stack that names its profile. */
export function stackOf(profile: string) {
  return { type: "pulumi:pulumi:Stack", props: { plan: { profile } } };
}

/** Two replicas apart from each other. */
export function spread(props: Fields): Fields {
  const { template, ...spec } = props["spec"] as { template: { spec: Fields } & Fields };
  const topologySpreadConstraints = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map(
    (topologyKey) => ({ topologyKey }),
  );
  return {
    ...props,
    spec: {
      ...spec,
      replicas: 2,
      template: { ...template, spec: { ...template.spec, topologySpreadConstraints } },
    },
  };
}

/** A model server whose weights were verified, and which calls nobody. */
export const MODEL = {
  type: DEPLOYMENT,
  props: labelled("model-server", {
    initContainers: [
      container({
        name: "weights",
        env: [
          { name: "WEIGHTS_TO", value: "/models/a" },
          { name: "WEIGHTS_KMS_KEY", value: "k" },
        ],
      }),
    ],
    containers: [
      container({
        resources: { limits: { "nvidia.com/gpu": "1" } },
        env: [
          { name: "MODEL_PATH", value: "/models/a" },
          { name: "HF_HUB_OFFLINE", value: "1" },
          { name: "TRANSFORMERS_OFFLINE", value: "1" },
          { name: "VLLM_NO_USAGE_STATS", value: "1" },
          { name: "DO_NOT_TRACK", value: "1" },
        ],
      }),
    ],
  }),
};
