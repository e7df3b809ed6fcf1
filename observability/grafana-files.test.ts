/** Grafana lets nobody in who was not named, calls nobody, and holds no secret in its files. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import {
  GRAFANA_SECRETS,
  type GrafanaSettings,
  grafanaConfiguration,
  grafanaDatasources,
  grafanaProviders,
} from "./grafana-files.ts";

const SETTINGS: GrafanaSettings = {
  ...{ url: "https://grafana.bank.example/", port: 3000, tlsFolder: "/tls" },
  ...{ secretsFolder: "/secrets", dataFolder: "/data", oidc: undefined },
};
const OIDC = {
  ...{ name: "The bank", clientId: "grafana", scopes: "openid", roles: "'Viewer'" },
  authorizationUrl: "https://id.bank.example/authorize",
  tokenUrl: "https://id.bank.example/token",
  userInfoUrl: "https://id.bank.example/me",
  ownAuthority: true,
};
const PROVISIONING = {
  ...{ site: "bank", scrapeSeconds: 15, dashboardsFolder: "/dashboards" },
  prometheusUrl: "https://prometheus.monitoring.svc:9090",
};

/** As Grafana reads it: sections, and after the first sign of equality all is the value. */
function sectionsOf(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section = "";
  for (const line of text.split("\n")) {
    section = /^\[(.+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^(\w+) = (.*)$/.exec(line) ?? [];
    if (key !== undefined) sections[section] = { ...sections[section], [key]: value ?? "" };
  }
  return sections;
}

/**
 * Every key that is set, as Grafana's documentation and an older conf/defaults.ini have it: a key that it does not know would be passed over
 * in silence.
 */
const KNOWN: Readonly<Record<string, string>> = {
  server:
    "protocol min_tls_version http_port domain enforce_domain root_url cert_file cert_key certs_watch_interval",
  database: "type path",
  security:
    "disable_initial_admin_creation admin_user admin_password secret_key disable_gravatar cookie_secure cookie_samesite allow_embedding strict_transport_security content_security_policy content_security_policy_template disable_brute_force_login_protection",
  users: "allow_sign_up allow_org_create auto_assign_org_role",
  auth: "disable_login_form oauth_allow_insecure_email_lookup",
  "auth.anonymous": "enabled",
  "auth.basic": "enabled",
  "auth.generic_oauth":
    "enabled name client_id client_secret scopes auth_url token_url api_url use_pkce allow_sign_up role_attribute_path role_attribute_strict allow_assign_grafana_admin tls_client_ca",
  analytics: "reporting_enabled check_for_updates check_for_plugin_updates feedback_links_enabled",
  news: "news_feed_enabled",
  snapshots: "enabled external_enabled",
  public_dashboards: "enabled",
  unified_alerting: "enabled",
  metrics: "enabled",
  plugins:
    "plugin_admin_enabled public_key_retrieval_disabled preinstall_disabled preinstall_auto_update",
  log: "mode",
  "log.console": "format",
};

test.each([undefined, OIDC])("every key is one that Grafana knows (%o)", (oidc) => {
  const sections = sectionsOf(grafanaConfiguration({ ...SETTINGS, oidc }));
  for (const [name, values] of Object.entries(sections)) {
    const known = (KNOWN[name] ?? "").split(" ");
    expect(Object.keys(values).filter((key) => !known.includes(key))).toEqual([]);
  }
});

test("without a provider there is one administrator, whose password stands in a file", () => {
  const sections = sectionsOf(grafanaConfiguration(SETTINGS));
  expect(sections["security"]).toMatchObject({
    admin_password: "$__file{/secrets/admin-password}",
    secret_key: "$__file{/secrets/secret-key}",
    cookie_secure: "true",
  });
  expect(sections["security"]?.["admin_user"]).not.toBe("admin");
  expect(sections).not.toHaveProperty(["auth.generic_oauth"]);
  expect(sections["auth"]).toMatchObject({ disable_login_form: "false" });
});

test("with a provider nobody has a password, and a role is what the provider's word gives", () => {
  const sections = sectionsOf(grafanaConfiguration({ ...SETTINGS, oidc: OIDC }));
  expect(sections["security"]).toMatchObject({ disable_initial_admin_creation: "true" });
  expect(sections["security"]).not.toHaveProperty("admin_password");
  expect(sections["auth"]).toMatchObject({ disable_login_form: "true" });
  expect(sections["auth.basic"]).toEqual({ enabled: "false" });
  expect(sections["auth.generic_oauth"]).toMatchObject({
    client_secret: `$__file{/secrets/${GRAFANA_SECRETS.clientSecret}}`,
    role_attribute_strict: "true",
    use_pkce: "true",
    tls_client_ca: "/secrets/oidc-ca.crt",
  });
});

test("it listens with TLS 1.3 under its own name, and lets no stranger in", () => {
  for (const oidc of [undefined, OIDC]) {
    const sections = sectionsOf(grafanaConfiguration({ ...SETTINGS, oidc }));
    expect(sections["server"]).toMatchObject({
      ...{ protocol: "https", min_tls_version: "TLS1.3", cert_file: "/tls/tls.crt" },
      ...{ domain: "grafana.bank.example", enforce_domain: "true" },
    });
    expect(sections["auth.anonymous"]).toEqual({ enabled: "false" });
    expect(sections["users"]).toMatchObject({ allow_sign_up: "false" });
  }
});

test("it calls nobody", () => {
  const text = grafanaConfiguration(SETTINGS);
  const sections = sectionsOf(text);
  const { analytics = {}, plugins } = sections;
  expect(new Set(Object.values(analytics))).toEqual(new Set(["false"]));
  expect(plugins).toEqual({
    ...{ plugin_admin_enabled: "false", public_key_retrieval_disabled: "true" },
    ...{ preinstall_disabled: "true", preinstall_auto_update: "false" },
  });
  expect(sections["security"]?.["disable_gravatar"]).toBe("true");
  const outside = [...text.matchAll(/https?:\/\/[^\s;]+/g)].map(([address]) => address);
  expect(outside).toEqual(["https://grafana.bank.example/"]);
  expect(text).not.toContain("grafana.com");
});

test("Prometheus is verified, and what is provisioned is not changed in the browser", () => {
  const [source] = parse(grafanaDatasources(PROVISIONING)).datasources;
  expect(source).toMatchObject({
    ...{ type: "prometheus", url: PROVISIONING.prometheusUrl, editable: false },
    jsonData: { tlsAuthWithCACert: true, tlsSkipVerify: false },
    // Grafana puts the variable's text in its place.
    secureJsonData: { tlsCACert: "$PROMETHEUS_CA" },
  });
  const [provider] = parse(grafanaProviders(PROVISIONING)).providers;
  expect(provider).toMatchObject({
    ...{ editable: false, allowUiUpdates: false, disableDeletion: true },
    options: { path: "/dashboards" },
  });
});
