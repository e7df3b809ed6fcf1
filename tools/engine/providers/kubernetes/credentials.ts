/**
 * The credentials of a kubeconfig's user: client certificates, tokens, token files, basic
 * authentication and exec plugins (EKS, GKE and OIDC tools all come that way). Plugins run only when
 * a request is about to be made, and again when what they gave has expired.
 */
import { readFileSync } from "node:fs";
import { run } from "../../../base/process.ts";
import { UserError } from "../../../base/user-error.ts";
import { isObject, type PropertyMap } from "../../values.ts";
import { field, listAt, mapAt, stringAt } from "./kube-object.ts";
import { type ClusterAccess, material } from "./kubeconfig.ts";

type Headers = Readonly<Record<string, string | string[]>>;

export interface Credentials {
  readonly headers: Headers;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

export interface CredentialSource {
  get(): Promise<Credentials>;
  /** The API server refused them; the next get() fetches new ones. */
  invalidate(): void;
}

/** Plugins that talk to an identity provider take seconds; a minute means they hang. */
const EXEC_TIMEOUT_MS = 60_000;
/** Bound service account tokens are replaced hourly; client-go rereads a token file each minute. */
const TOKEN_FILE_REREAD_MS = 60_000;
/** Renewed a little early, so that a token does not expire between here and the server. */
const EXPIRY_MARGIN_MS = 30_000;

interface Held {
  readonly credentials: Credentials;
  readonly until: number;
}

export function createCredentialSource(
  access: ClusterAccess,
  environment: Readonly<Record<string, string>>,
): CredentialSource {
  let held: Promise<Held> | undefined;
  const fetch = (): Promise<Held> => {
    const next = fetchCredentials(access, environment);
    // A failed fetch is not remembered: the next request tries again.
    next.catch(() => {
      if (held === next) held = undefined;
    });
    held = next;
    return next;
  };
  return {
    get: async () => {
      const current = await (held ?? fetch());
      return (current.until > Date.now() ? current : await fetch()).credentials;
    },
    invalidate: () => {
      held = undefined;
    },
  };
}

async function fetchCredentials(
  access: ClusterAccess,
  environment: Readonly<Record<string, string>>,
): Promise<Held> {
  const { user, source } = access;
  if (isObject(user["auth-provider"])) {
    throw new UserError(
      `Kubernetes: the auth-provider "${stringAt(user, "auth-provider", "name") ?? ""}" of the kubeconfig is not supported.`,
      { where: source, fix: "Use the exec plugin that replaced it (kubectl dropped it in 1.26)." },
    );
  }
  const impersonation = impersonationHeaders(user);
  if (isObject(user.exec))
    return runPlugin(access, mapAt(user, "exec"), environment, impersonation);
  const tokenFile = stringAt(user, "tokenFile");
  const token = tokenFile === undefined ? stringAt(user, "token") : readToken(tokenFile, source);
  return {
    until: tokenFile === undefined ? Number.POSITIVE_INFINITY : Date.now() + TOKEN_FILE_REREAD_MS,
    credentials: {
      headers: { ...authorization(user, token), ...impersonation },
      certificate: material(user, "client-certificate", source),
      key: material(user, "client-key", source),
    },
  };
}

function authorization(user: PropertyMap, token: string | undefined): Record<string, string> {
  if (token !== undefined && token !== "") return { authorization: `Bearer ${token}` };
  const name = stringAt(user, "username");
  if (name === undefined) return {};
  const pair = `${name}:${stringAt(user, "password") ?? ""}`;
  return { authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}

function impersonationHeaders(user: PropertyMap): Headers {
  const as = stringAt(user, "as");
  if (as === undefined) return {};
  const groups = field(user, "as-groups");
  return {
    "impersonate-user": as,
    ...(Array.isArray(groups) && groups.length > 0
      ? { "impersonate-group": groups.map(String) }
      : {}),
  };
}

function readToken(file: string, source: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new UserError(`Kubernetes: the token file ${file} cannot be read.`, {
      where: source,
      fix: "Correct tokenFile in the kubeconfig.",
    });
  }
}

async function runPlugin(
  access: ClusterAccess,
  exec: PropertyMap,
  environment: Readonly<Record<string, string>>,
  extra: Headers,
): Promise<Held> {
  const command = stringAt(exec, "command") ?? "";
  const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
  const apiVersion = stringAt(exec, "apiVersion") ?? "client.authentication.k8s.io/v1";
  const added = Object.fromEntries(
    listAt(exec, "env").map((item) => [String(item.name), String(item.value)]),
  );
  const cluster = exec.provideClusterInfo === true ? { cluster: clusterInfo(access) } : {};
  const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false, ...cluster } };
  const env = { ...environment, ...added, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  let stdout: string;
  try {
    const result = await run(command, args, { env, signal: AbortSignal.timeout(EXEC_TIMEOUT_MS) });
    if (result.code !== 0) throw new Error(`it ended with ${result.code}`);
    stdout = result.stdout;
  } catch (error) {
    // Its output may hold a credential, so only how it ended is told.
    throw pluginError(access, command, error instanceof Error ? error.message : "it failed");
  }
  return parseCredential(access, command, stdout, extra);
}

/** What a plugin that asks for it is told about the cluster. */
function clusterInfo(access: ClusterAccess): PropertyMap {
  const { certificateAuthority, tlsServerName } = access;
  return {
    server: access.server,
    "insecure-skip-tls-verify": access.insecureSkipTlsVerify,
    ...(tlsServerName === undefined ? {} : { "tls-server-name": tlsServerName }),
    ...(certificateAuthority === undefined
      ? {}
      : { "certificate-authority-data": Buffer.from(certificateAuthority).toString("base64") }),
  };
}

function parseCredential(
  access: ClusterAccess,
  command: string,
  text: string,
  extra: Headers,
): Held {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (!isObject(parsed)) throw pluginError(access, command, "it printed no ExecCredential");
  const status = mapAt(parsed, "status");
  const expires = Date.parse(stringAt(status, "expirationTimestamp") ?? "");
  return {
    until: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires - EXPIRY_MARGIN_MS,
    credentials: {
      headers: { ...authorization({}, stringAt(status, "token")), ...extra },
      certificate: stringAt(status, "clientCertificateData"),
      key: stringAt(status, "clientKeyData"),
    },
  };
}

function pluginError(access: ClusterAccess, command: string, why: string): UserError {
  return new UserError(`Kubernetes: the credential plugin "${command}" failed: ${why}.`, {
    where: `context ${access.context} of ${access.source}`,
    fix:
      stringAt(access.user, "exec", "installHint") ??
      `Run ${command} by hand with the arguments the kubeconfig gives it, and mend what it says.`,
  });
}
