/** What the gateway is told of the world outside of its site: keys of providers, webhooks, traces. */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { after, labelsOf } from "./component.ts";
import { secretData } from "./secret-data.ts";

export interface Outside {
  /** By the provider's name. */
  readonly providerKeys: Readonly<Record<string, string | undefined>>;
  readonly webhookHosts: readonly string[];
  readonly traces?: { readonly url: string; readonly samplePercent: number } | undefined;
  readonly quotaWarnings?: { readonly url: string; readonly secret: string } | undefined;
}

const PROVIDERS_FOLDER = "/etc/gateway/providers";
const WARNINGS_FOLDER = "/etc/gateway/quota-warnings";
const WARNING_SECRET = "secret";

export interface OutsideFiles {
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly {
    readonly name: string;
    readonly path: string;
    readonly secret: pulumi.Output<string>;
  }[];
}

/** Keys of providers may change while the gateway runs; it reads them again by itself. */
export function outsideFiles(
  outside: Outside,
  name: string,
  namespace: string,
  program: string,
  options: pulumi.CustomResourceOptions,
): OutsideFiles {
  const { providerKeys, webhookHosts, traces, quotaWarnings } = outside;
  const keys = Object.entries(providerKeys).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const secretOf = (what: string, values: Readonly<Record<string, string>>) => {
    const own = `${program}-${what}`;
    const metadata = { name: own, namespace, labels: labelsOf(program) };
    const data = secretData(values);
    return after(new k8s.core.v1.Secret(`${name}-${what}`, { metadata, data }, options), own);
  };
  const environment: Record<string, string> = {};
  const mounts: OutsideFiles["mounts"][number][] = [];
  if (keys.length > 0) {
    environment["GW_PROVIDERS_FOLDER"] = PROVIDERS_FOLDER;
    environment["GW_PROVIDER_MODELS"] = "on";
    const secret = secretOf("providers", Object.fromEntries(keys));
    mounts.push({ name: "providers", path: PROVIDERS_FOLDER, secret });
  }
  if (webhookHosts.length > 0) environment["GW_WEBHOOK_HOSTS"] = webhookHosts.join(",");
  if (traces !== undefined) {
    environment["GW_OTLP_ENDPOINT"] = traces.url;
    environment["GW_TRACE_SAMPLE_PERCENT"] = String(traces.samplePercent);
  }
  if (quotaWarnings !== undefined) {
    environment["GW_WARNING_URL"] = quotaWarnings.url;
    environment["GW_WARNING_SECRET_FILE"] = `${WARNINGS_FOLDER}/${WARNING_SECRET}`;
    const secret = secretOf("quota-warnings", { [WARNING_SECRET]: quotaWarnings.secret });
    mounts.push({ name: "quota-warnings", path: WARNINGS_FOLDER, secret });
  }
  return { environment, mounts };
}
