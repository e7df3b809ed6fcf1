/**
 * Grafana's files: what it may do, whom it lets in, and where its samples and dashboards come from. Keys come
 * from an older conf/defaults.ini and from what Grafana's documentation and changes say of newer ones; the file
 * of the release that is pinned was not to be had.
 * Passwords are read from files (`$__file{}`), so that no file here holds one. Pure.
 */
import { stringify } from "yaml";

export interface Oidc {
  readonly name: string;
  readonly clientId: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly userInfoUrl: string;
  readonly scopes: string;
  /** JMESPath over what the provider says of a person. */
  readonly roles: string;
  /** It has an authority of its own, in the folder of secrets. */
  readonly ownAuthority: boolean;
}

export interface GrafanaSettings {
  /** Where people open it. */
  readonly url: string;
  readonly port: number;
  readonly tlsFolder: string;
  readonly secretsFolder: string;
  /** All that it may write to; gone with the pod. */
  readonly dataFolder: string;
  readonly oidc: Oidc | undefined;
}

export interface Provisioning {
  readonly site: string;
  readonly prometheusUrl: string;
  readonly scrapeSeconds: number;
  readonly dashboardsFolder: string;
}

/** Names of the files in the folder of secrets. */
export const GRAFANA_SECRETS = {
  password: "admin-password",
  key: "secret-key",
  clientSecret: "client-secret",
  authority: "oidc-ca.crt",
} as const;
/** Nobody guesses it as they guess `admin`; it is no secret. */
const GRAFANA_ADMINISTRATOR = "grafana-administrator";
/** Where a container finds the authority of Prometheus; provisioning knows no other way than variables. */
export const PROMETHEUS_CA_VARIABLE = "PROMETHEUS_CA";

type Values = Readonly<Record<string, string | number | boolean>>;
type Sections = Readonly<Record<string, Values>>;

export function grafanaConfiguration(settings: GrafanaSettings): string {
  return renderIni(sectionsOf(settings));
}

function sectionsOf(settings: GrafanaSettings): Sections {
  const { dataFolder, oidc } = settings;
  return {
    server: server(settings),
    // Everything is provisioned, so that the database holds sessions and nothing that is missed.
    database: { type: "sqlite3", path: `${dataFolder}/grafana.db` },
    security: security(settings),
    users: {
      allow_sign_up: false,
      allow_org_create: false,
      auto_assign_org_role: "Viewer",
    },
    auth: {
      // With a provider nobody has a password here.
      disable_login_form: oidc !== undefined,
      oauth_allow_insecure_email_lookup: false,
    },
    "auth.anonymous": { enabled: false },
    // The administrator's password would be guessed over the API, too.
    "auth.basic": { enabled: oidc === undefined },
    ...(oidc === undefined ? {} : { "auth.generic_oauth": genericOauth(oidc, settings) }),
    ...silence(),
    log: { mode: "console" },
    "log.console": { format: "json" },
  };
}

function server({ url, port, tlsFolder }: GrafanaSettings): Values {
  return {
    protocol: "https",
    min_tls_version: "TLS1.3",
    http_port: port,
    domain: new URL(url).hostname,
    // Another name than its own is somebody else's page in front of it (DNS rebinding).
    enforce_domain: true,
    root_url: url,
    cert_file: `${tlsFolder}/tls.crt`,
    cert_key: `${tlsFolder}/tls.key`,
    // A renewed certificate needs no restart.
    certs_watch_interval: "1m",
  };
}

function security({ oidc, secretsFolder }: GrafanaSettings): Values {
  const file = (name: string) => `$__file{${secretsFolder}/${name}}`;
  return {
    ...(oidc === undefined
      ? {
          admin_user: GRAFANA_ADMINISTRATOR,
          admin_password: file(GRAFANA_SECRETS.password),
        }
      : { disable_initial_admin_creation: true }),
    // What comes with Grafana is known to everybody.
    secret_key: file(GRAFANA_SECRETS.key),
    cookie_secure: true,
    cookie_samesite: "lax",
    strict_transport_security: true,
    content_security_policy: true,
    content_security_policy_template: `"""${CONTENT_SECURITY_POLICY}"""`,
    allow_embedding: false,
    disable_gravatar: true,
    disable_brute_force_login_protection: false,
  };
}

/** Grafana's own template without grafana.com, and pictures from here alone. */
const CONTENT_SECURITY_POLICY = [
  "script-src 'self' 'unsafe-eval' 'unsafe-inline' 'strict-dynamic' $NONCE",
  ...["object-src 'none'", "font-src 'self'", "style-src 'self' 'unsafe-inline' blob:"],
  ...["img-src 'self' data:", "base-uri 'self'", "connect-src 'self' wss://$ROOT_PATH"],
  ...["manifest-src 'self'", "media-src 'none'", "form-action 'self'", "frame-ancestors 'none';"],
].join(";");

function genericOauth(oidc: Oidc, { secretsFolder }: GrafanaSettings): Values {
  return {
    enabled: true,
    name: oidc.name,
    client_id: oidc.clientId,
    client_secret: `$__file{${secretsFolder}/${GRAFANA_SECRETS.clientSecret}}`,
    scopes: oidc.scopes,
    auth_url: oidc.authorizationUrl,
    token_url: oidc.tokenUrl,
    api_url: oidc.userInfoUrl,
    use_pkce: true,
    // An account of a person is made at their first sign-in, with the role that the provider's word gives.
    allow_sign_up: true,
    role_attribute_path: oidc.roles,
    role_attribute_strict: true,
    allow_assign_grafana_admin: false,
    ...(oidc.ownAuthority
      ? { tls_client_ca: `${secretsFolder}/${GRAFANA_SECRETS.authority}` }
      : {}),
  };
}

/** What would call out, or would offer to: nothing of it could leave the pod, and nothing should try. */
function silence(): Sections {
  return {
    analytics: {
      reporting_enabled: false,
      check_for_updates: false,
      check_for_plugin_updates: false,
      feedback_links_enabled: false,
    },
    news: { news_feed_enabled: false },
    snapshots: { enabled: false, external_enabled: false },
    public_dashboards: { enabled: false },
    // Prometheus raises the alarms; two places to look for rules are one too many.
    unified_alerting: { enabled: false },
    metrics: { enabled: false },
    plugins: {
      plugin_admin_enabled: false,
      public_key_retrieval_disabled: true,
      preinstall_disabled: true,
      preinstall_auto_update: false,
    },
  };
}

export function grafanaDatasources({ site, prometheusUrl, scrapeSeconds }: Provisioning): string {
  return stringify(
    {
      apiVersion: 1,
      datasources: [
        {
          name: site,
          uid: "prometheus",
          type: "prometheus",
          access: "proxy",
          url: prometheusUrl,
          isDefault: true,
          editable: false,
          jsonData: {
            httpMethod: "POST",
            timeInterval: `${scrapeSeconds}s`,
            tlsAuthWithCACert: true,
            tlsSkipVerify: false,
            manageAlerts: false,
          },
          secureJsonData: { tlsCACert: `$${PROMETHEUS_CA_VARIABLE}` },
        },
      ],
    },
    { lineWidth: 0 },
  );
}

export function grafanaProviders({ dashboardsFolder }: Provisioning): string {
  return stringify(
    {
      apiVersion: 1,
      providers: [
        {
          name: "deepseek",
          folder: "DeepSeek",
          type: "file",
          disableDeletion: true,
          editable: false,
          allowUiUpdates: false,
          // A changed ConfigMap reaches the pod within a minute.
          updateIntervalSeconds: 60,
          options: { path: dashboardsFolder, foldersFromFilesStructure: false },
        },
      ],
    },
    { lineWidth: 0 },
  );
}

function renderIni(sections: Sections): string {
  return Object.entries(sections)
    .map(([name, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
      return [`[${name}]`, ...lines, ""].join("\n");
    })
    .join("\n");
}
