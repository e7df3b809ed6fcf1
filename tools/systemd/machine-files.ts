/** Everything that one machine without a cluster needs of us: units, configuration, and how to use them. Pure. */
import type { Front } from "../../components/sizing/shapes.ts";
import type { PropertyMap } from "../engine/values.ts";
import { EDGE_FOLDER, EDGE_UNIT, EXPORTER_UNIT, edgeFiles, exporterUnit } from "./edge-files.ts";
import { GATEWAY_FOLDER, GATEWAY_UNIT, GATEWAYS_TARGET, gatewayFiles } from "./gateway-files.ts";
import { unitFile } from "./unit-file.ts";
import { readWorkload, type Workload } from "./workload.ts";

export interface MachineFile {
  /** Below the root of the machine. */
  readonly path: string;
  readonly content: string;
  /** Others may read what is no secret: the services run as users of their own. */
  readonly mode: number;
}

export interface FrontWorkloads {
  readonly edge: Workload;
  readonly gateway: Workload;
  readonly exporter: Workload;
}

/** undefined: the stack has no edge or no gateway. */
export function frontWorkloads(objects: readonly PropertyMap[]): FrontWorkloads | undefined {
  const edge = readWorkload(objects, "Deployment", "edge");
  const gateway = readWorkload(objects, "StatefulSet", "gateway");
  const exporter = readWorkload(objects, "Deployment", "edge", "edge-exporter");
  if (edge === undefined || gateway === undefined || exporter === undefined) return undefined;
  return { edge, gateway, exporter };
}

export function machineFiles(
  { edge, gateway, exporter }: FrontWorkloads,
  { gatewaysPerMachine, nginxWorkers }: Front,
  options: { readonly showSecrets: boolean },
): readonly MachineFile[] {
  const gateways = gatewayFiles(gateway, gatewaysPerMachine);
  const front = edgeFiles(edge, { workers: nginxWorkers, gatewayPorts: gateways.ports });
  const units = {
    [EDGE_UNIT]: front.unit,
    [EXPORTER_UNIT]: exporterUnit(exporter),
    [GATEWAY_UNIT]: gateways.unit,
    [GATEWAYS_TARGET]: gateways.target,
  };
  const secretNames = [
    ...[...front.secrets.keys()].map((name) => `${EDGE_FOLDER}/secrets/${name}`),
    ...[...gateways.secrets.keys()].map((name) => `${GATEWAY_FOLDER}/secrets/${name}`),
  ];
  const files: Omit<MachineFile, "mode">[] = [
    ...Object.entries(units).map(([name, unit]) => ({
      path: `etc/systemd/system/${name}`,
      content: unitFile(unit),
    })),
    { path: "etc/sysusers.d/deepseek.conf", content: USERS },
    { path: within(EDGE_FOLDER, "nginx.conf"), content: front.configuration },
    ...listed(EDGE_FOLDER, front.files),
    ...listed(GATEWAY_FOLDER, gateways.files),
    ...[...gateways.instances].map(([number, content]) => ({
      path: within(GATEWAY_FOLDER, `instance-${number}.env`),
      content,
    })),
    ...(options.showSecrets
      ? [
          ...listed(`${EDGE_FOLDER}/secrets`, front.secrets),
          ...listed(`${GATEWAY_FOLDER}/secrets`, gateways.secrets),
        ]
      : []),
    { path: "README.md", content: readme(gateways.hosts, secretNames, options.showSecrets) },
  ];
  return files
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => ({ ...file, mode: file.path.includes("/secrets/") ? 0o600 : 0o644 }));
}

const USERS = `# Users of the services; they own nothing but the state of the gateways.
u deepseek-edge - "DeepSeek edge"
u deepseek-gateway - "DeepSeek gateway"
`;

function within(folder: string, name: string): string {
  return `${folder}/${name}`.slice(1);
}

function listed(folder: string, files: ReadonlyMap<string, string>) {
  return [...files].map(([name, content]) => ({ path: within(folder, name), content }));
}

function readme(hosts: readonly string[], secrets: readonly string[], shown: boolean): string {
  return `# The front of a site on a machine without a cluster

nginx ends TLS on port 443 and passes calls to the gateways of the same machine, over TLS on loopback.
Every machine has the same files.

1. Install nginx (1.22 or newer) and prometheus-nginx-exporter; stop and mask their own services.
2. Put the program of the gateway image (\`/app\`, and \`/usr/local/bin/node\`) into \`/opt/deepseek/gateway\`.
3. Copy \`etc\` of this folder to \`/etc\`, owned by root; \`secrets\` must be readable by root alone.
   systemd hands each service its own secrets (LoadCredential); a changed one counts after a restart.
${shown ? "" : `   This folder was rendered without secrets. These are needed:\n${secrets.map((file) => `   - \`${file}\``).join("\n")}\n`}4. Tell \`/etc/hosts\` or your name server where these names are; certificates are verified against them:
${hosts.map((host) => `   - \`${host}\``).join("\n")}
5. \`systemd-sysusers && systemctl daemon-reload && systemctl enable --now ${GATEWAYS_TARGET} ${EDGE_UNIT} ${EXPORTER_UNIT}\`

The network walls that a cluster has (NetworkPolicy) are the machine's firewall here: let 80 and 443 in,
the metrics ports 9113 and 9465 upwards from Prometheus alone, and out only to the names above.
`;
}
