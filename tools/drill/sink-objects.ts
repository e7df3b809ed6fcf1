/** The stub of every channel as objects of Kubernetes, in a namespace of its own. Pure. */
import type { Channel, ChannelKind } from "../../observability/alert-routing.ts";
import { RELAYED } from "../../observability/alert-routing.ts";
import type { KeyPairPem } from "../pki/authority.ts";

export const SINK_NAMESPACE = "drill";
export const SINK = "sink";
export const SINK_HOST = `${SINK}.${SINK_NAMESPACE}.svc`;
const SINK_PORTS = { https: 8443, smtp: 2525 } as const;
/** Of the stub's robots; not secret, since nothing else has them. */
export const SINK_SECRETS = {
  dingtalk: "SEC-of-the-drill",
  feishu: "secret-of-the-drill",
} as const;
export const KINDS: readonly ChannelKind[] = ["email", "slack", "pagerduty", ...RELAYED];
/** Any user but root; the image's own. */
const UID = 10_001;

export interface SinkSettings {
  /** An image with Node and nothing else that matters: that of the simulated model servers. */
  readonly image: string;
  readonly certificate: KeyPairPem;
  /** The text of sink.ts. */
  readonly program: string;
}

export function sinkObjects({ image, certificate, program }: SinkSettings): object {
  const metadata = { name: SINK, namespace: SINK_NAMESPACE, labels: { app: SINK } };
  const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
  const data = { "tls.crt": certificate.certificate, "tls.key": certificate.key };
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: SINK_NAMESPACE, labels: restricted } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata,
      stringData: { ...data, "sink.ts": program, "secrets.json": JSON.stringify(SINK_SECRETS) },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        selector: { app: SINK },
        ports: Object.entries(SINK_PORTS).map(([name, port]) => ({ name, port })),
      },
    },
    { apiVersion: "v1", kind: "Pod", metadata, spec: podSpec(image) },
  ];
  return { apiVersion: "v1", kind: "List", items };
}

function podSpec(image: string): object {
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 5,
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: UID, fsGroup: UID },
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        ...{ name: SINK, image, imagePullPolicy: "IfNotPresent" },
        command: ["node", "/sink/sink.ts", "/sink", ...Object.values(SINK_PORTS).map(String)],
        readinessProbe: { tcpSocket: { port: SINK_PORTS.https }, periodSeconds: 1 },
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: SINK, mountPath: "/sink", readOnly: true }],
      },
    ],
    volumes: [{ name: SINK, secret: { secretName: SINK, defaultMode: 0o440 } }],
  };
}

export interface SinkPlace {
  readonly host: string;
  readonly ports: { readonly https: number; readonly smtp: number };
}

/** What a kind has beside an address, in the settings and for the relay alike; both languages are told. */
const OF_KINDS: Partial<Record<ChannelKind, object>> = {
  wecom: { language: "zh", mentions: ["on-call"] },
  dingtalk: { language: "zh", secret: SINK_SECRETS.dingtalk, mentions: ["all"] },
  feishu: { secret: SINK_SECRETS.feishu },
  sms: {
    sms: {
      ...{ to: ["+8613800000000"], fields: { to: "{to}", content: "{text}" } },
      accepted: { field: "code", is: "OK" },
    },
  },
};

/** A channel of each kind, all at the stub. */
export function drillChannels({ host, ports }: SinkPlace): Channel[] {
  const severities = ["critical", "error", "warning", "info"] as const;
  const people = { to: "on-call@drill.example", from: "alerts@drill.example" };
  return KINDS.map((kind) => ({
    ...{ name: kind, kind, severities },
    ...(kind === "email"
      ? { email: { ...people, server: `${host}:${ports.smtp}` } }
      : { url: `https://${host}:${ports.https}/${kind}` }),
    // Not a secret: the stub takes any.
    ...OF_KINDS[kind],
    ...(kind === "pagerduty" ? { routingKey: "0".repeat(32) } : {}),
  }));
}

/** `deepseek:monitoring.alerts` for the drill. */
export function drillAlerts(address: string, authority: string): object {
  return {
    ranges: [`${address}/32`],
    ports: Object.values(SINK_PORTS),
    heartbeat: `https://${SINK_HOST}:${SINK_PORTS.https}/heartbeat`,
    ...{ authority, channels: drillChannels({ host: SINK_HOST, ports: SINK_PORTS }) },
  };
}
