/**
 * What the administrators of an OpenBao apply so that the service's keys are there: a transit key for
 * each purpose, a policy for each account that names every path it may use, and the roles by which
 * accounts of the cluster prove themselves. Commands are those of `bao` 2. Pure.
 */

/** The words of the keys in the cloud, as far as a program asks for one itself. */
export type TransitPurpose = "weights" | "audit" | "database" | "patient";

/** `seal` wraps, `open` unwraps. Whoever wraps anew under a newer version does both. */
export type TransitRight = "seal" | "open";

export interface KeyGrant {
  readonly purpose: TransitPurpose;
  readonly account: { readonly namespace: string; readonly name: string };
  readonly may: readonly TransitRight[];
}

export interface OpenBaoSettings {
  /** Such as https://openbao.hospital.internal:8200. */
  readonly address: string;
  /** Of the transit engine, and of the way in for accounts of this cluster. */
  readonly mount: string;
  readonly authMount: string;
  /** What tokens of the cluster's accounts are made out to. */
  readonly audience: string;
  readonly rotationDays: number;
  readonly grants: readonly KeyGrant[];
}

const PATHS: Readonly<Record<TransitRight, string>> = {
  seal: "encrypt",
  open: "decrypt",
};
/** Long enough to open the weights of a model, short beside a working day. */
const TOKEN_TTL = "15m";

export function keyName(purpose: TransitPurpose): string {
  return `deepseek-${purpose}`;
}

/** One for each account and purpose, so that taking one away takes nothing else. */
export function grantName({ purpose, account }: KeyGrant): string {
  return `deepseek-${purpose}-${account.namespace}-${account.name}`;
}

/** File name → text. */
export function openBaoDocuments(settings: OpenBaoSettings): Record<string, string> {
  const policies = settings.grants.map(
    (grant) => [`policy-${grantName(grant)}.hcl`, policyText(settings.mount, grant)] as const,
  );
  return {
    "README.md": readme(settings),
    "bootstrap.sh": bootstrap(settings),
    ...Object.fromEntries(policies),
  };
}

function policyText(mount: string, grant: KeyGrant): string {
  const paths = grant.may.map(
    (right) =>
      `path "${mount}/${PATHS[right]}/${keyName(grant.purpose)}" {\n  capabilities = ["update"]\n}\n`,
  );
  const { namespace, name } = grant.account;
  return `# ${namespace}/${name} may ${grant.may.join(" and ")} with the key of ${grant.purpose}, and nothing else.\n${paths.join("")}`;
}

function bootstrap(settings: OpenBaoSettings): string {
  const { address, mount, authMount, audience, rotationDays, grants } = settings;
  const purposes = [...new Set(grants.map(({ purpose }) => purpose))];
  const keys = purposes.map(
    (purpose) => `bao write -f ${mount}/keys/${keyName(purpose)} type=aes256-gcm96 \\
  exportable=false allow_plaintext_backup=false
bao write ${mount}/keys/${keyName(purpose)}/config \\
  deletion_allowed=false auto_rotate_period=${rotationDays * 24}h`,
  );
  const roles = grants.map((grant) => {
    const name = grantName(grant);
    return `bao policy write ${name} policy-${name}.hcl
bao write auth/${authMount}/role/${name} \\
  bound_service_account_names=${grant.account.name} \\
  bound_service_account_namespaces=${grant.account.namespace} \\
  audience=${audience} token_policies=${name} token_no_default_policy=true \\
  token_ttl=${TOKEN_TTL} token_max_ttl=${TOKEN_TTL}`;
  });
  return `#!/bin/sh
# Run by an administrator of OpenBao in the folder of these files, logged in; it may be run again.
set -eu
export BAO_ADDR=${address}
bao read sys/mounts/${mount} > /dev/null 2>&1 || bao secrets enable -path=${mount} transit
bao read sys/auth/${authMount} > /dev/null 2>&1 || bao auth enable -path=${authMount} kubernetes

${keys.join("\n")}

${roles.join("\n")}
`;
}

function readme({ address, mount, authMount, rotationDays, grants }: OpenBaoSettings): string {
  const rows = grants.map(
    ({ purpose, account, may }) =>
      `| ${purpose} | ${mount}/${keyName(purpose)} | ${account.namespace}/${account.name} | ${may.join(", ")} |`,
  );
  return `# Keys in OpenBao

This stack cannot make them: whoever may write to a cluster is not whoever may write to ${address}. What
stands here is applied there by its administrators, with \`sh bootstrap.sh\`.

| purpose | key | account | may |
| --- | --- | --- | --- |
${rows.join("\n")}

- \`auth/${authMount}/config\` is theirs, too: the address of this cluster's API server and what verifies it.
- A key gets a new version every ${rotationDays} days; what is wrapped is wrapped anew by \`npm run weights -- rotate\`,
  and only then may \`min_decryption_version\` be raised.
- Keys can neither be exported nor deleted. They are kept by OpenBao's own storage: back that up, and its unseal keys.
- Enable an audit device. OpenBao answers no request that it cannot record, so that each unwrapping is on record.
- Whoever is root on a node can read what a program there has opened.
`;
}
