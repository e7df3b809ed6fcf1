/**
 * Our relay of alerts: takes them from Alertmanager alone and tells robots of groups, Teams, gateways of
 * text messages and ticket systems in the form of each (tools/alert-relay). Two pods without a disk: what
 * one did not deliver, Alertmanager sends again.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type CertificateHandle, TLS_FOLDER } from "./certificates.ts";
import { after, Component, labelsOf } from "./component.ts";
import type { Mount, Program } from "./pod-template.ts";
import { deployment, disruptionBudget } from "./replicated-program.ts";
import { checksumOf, randomPassword, secretData } from "./secret-data.ts";
import { probeBudget } from "./sizing/probes.ts";
import { hostOf, service } from "./stateful-program.ts";

/** A channel as the relay's file has it; tools/alert-relay/channel.ts reads it. */
export interface RelayChannel {
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  readonly language: "en" | "zh";
  readonly [setting: string]: unknown;
}

export interface AlertRelayArgs {
  readonly namespace: string;
  readonly image: string;
  readonly certificate: CertificateHandle;
  readonly channels: readonly RelayChannel[];
  /** PEM of those who vouch for the channels; undefined: the public authorities. */
  readonly authority: string | undefined;
}

export interface AlertRelayHandle {
  /** https://host:port, as Alertmanager reaches it. */
  readonly url: string;
  /** The Secret with what Alertmanager shows, and its key. */
  readonly token: { readonly secret: pulumi.Output<string>; readonly key: string };
}

export const ALERT_RELAY = "alert-relay";
export const ALERT_RELAY_METRICS = `${ALERT_RELAY}-metrics`;
export const ALERT_RELAY_PORTS = { alerts: 8443, metrics: 9466 } as const;
/** One serves while the other is replaced. What a robot allows is divided by them, so more would only wait longer. */
export const ALERT_RELAY_REPLICAS = 2;
/** Measured: 62 MiB at rest, 195 MiB with as many connections and bytes of notifications as it holds. */
export const ALERT_RELAY_RESOURCES = { cpu: "25m", memory: "256Mi" } as const;
const HEAP_MEBIBYTES = 128;
const START_SECONDS = 3;
/** It delivers for 20 s what waits (tools/alert-relay/limits.ts); an attempt of 10 s may just have begun. */
const TERMINATION_SECONDS = 35;
const CHANNELS_FOLDER = "/etc/alert-relay";
const CHANNELS_FILE = "channels.json";
const AUTHORITY_FILE = "channels.pem";
const TOKEN_FOLDER = "/etc/alert-relay-token";
const TOKEN_KEY = "token";

export class AlertRelay extends Component implements AlertRelayHandle {
  readonly url: string;
  readonly token: AlertRelayHandle["token"];

  constructor(name: string, args: AlertRelayArgs, options?: pulumi.ComponentResourceOptions) {
    super("monitoring:AlertRelay", name, options);
    const parent = { parent: this };
    const { namespace, channels, authority } = args;
    const secretOf = (part: string, values: Record<string, pulumi.Input<string>>) => {
      const full = `${ALERT_RELAY}-${part}`;
      const metadata = { name: full, namespace, labels: labelsOf(ALERT_RELAY) };
      const data = secretData(values);
      return after(new k8s.core.v1.Secret(`${name}-${part}`, { metadata, data }, parent), full);
    };
    const text = JSON.stringify(channels);
    const token = randomPassword(`${name}-token`, parent);
    const files = secretOf("channels", {
      [CHANNELS_FILE]: text,
      ...(authority === undefined ? {} : { [AUTHORITY_FILE]: authority }),
    });
    const shown = secretOf("token", { [TOKEN_KEY]: token });
    // All of it is read at the start only; the certificate is read again by itself.
    const checksum = checksumOf(text, authority ?? "", token);
    const program = relayProgram(args, { files, token: shown, checksum });
    const replicated = {
      ...{ namespace, name: ALERT_RELAY, program, replicas: ALERT_RELAY_REPLICAS },
      ...{ startSeconds: START_SECONDS, surge: 1 },
    };
    new k8s.apps.v1.Deployment(name, deployment(replicated), parent);
    const budget = disruptionBudget(replicated);
    if (budget !== undefined) new k8s.policy.v1.PodDisruptionBudget(name, budget, parent);
    for (const [front, port] of [
      [ALERT_RELAY, "alerts"],
      [ALERT_RELAY_METRICS, "metrics"],
    ] as const) {
      new k8s.core.v1.Service(
        front === ALERT_RELAY ? name : `${name}-metrics`,
        service({
          ...{ name: front, namespace, program: ALERT_RELAY },
          ports: [{ name: port, port: ALERT_RELAY_PORTS[port] }],
          ...(port === "metrics" ? { headless: "all" as const } : {}),
        }),
        parent,
      );
    }
    this.url = alertRelayUrl(namespace);
    this.token = { secret: shown, key: TOKEN_KEY };
    this.registerOutputs({});
  }
}

function alertRelayUrl(namespace: string): string {
  return `https://${hostOf(ALERT_RELAY, namespace)}:${ALERT_RELAY_PORTS.alerts}`;
}

interface RelayFiles {
  readonly files: pulumi.Output<string>;
  readonly token: pulumi.Output<string>;
  readonly checksum: pulumi.Output<string>;
}

function relayProgram(args: AlertRelayArgs, { files, token, checksum }: RelayFiles): Program {
  const mounts: Mount[] = [
    { name: "channels", path: CHANNELS_FOLDER, secret: files },
    { name: "token", path: TOKEN_FOLDER, secret: token },
    { name: "tls", path: TLS_FOLDER, secret: args.certificate.secret },
  ];
  return {
    name: ALERT_RELAY,
    image: args.image,
    environment: relayEnvironment(args),
    ports: ALERT_RELAY_PORTS,
    resources: ALERT_RELAY_RESOURCES,
    mounts,
    health: {
      budget: probeBudget(START_SECONDS),
      ready: { https: "/readyz", port: ALERT_RELAY_PORTS.metrics },
      alive: { https: "/livez", port: ALERT_RELAY_PORTS.metrics },
    },
    terminationSeconds: TERMINATION_SECONDS,
    checksum,
  };
}

export function relayEnvironment({
  authority,
}: Pick<AlertRelayArgs, "authority">): Record<string, string> {
  return {
    RELAY_PORT: String(ALERT_RELAY_PORTS.alerts),
    RELAY_METRICS_PORT: String(ALERT_RELAY_PORTS.metrics),
    RELAY_TLS_CERT_FILE: `${TLS_FOLDER}/tls.crt`,
    RELAY_TLS_KEY_FILE: `${TLS_FOLDER}/tls.key`,
    RELAY_TOKEN_FILE: `${TOKEN_FOLDER}/${TOKEN_KEY}`,
    RELAY_CHANNELS_FILE: `${CHANNELS_FOLDER}/${CHANNELS_FILE}`,
    RELAY_REPLICAS: String(ALERT_RELAY_REPLICAS),
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MEBIBYTES}`,
    ...(authority === undefined
      ? {}
      : { RELAY_AUTHORITY_FILE: `${CHANNELS_FOLDER}/${AUTHORITY_FILE}` }),
  };
}
