import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createCredentialSource } from "./credentials.ts";
import { inClusterConfig, resolveCluster } from "./kubeconfig.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "kubeconfig-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: unknown): string {
  const target = path.join(folder, name);
  writeFileSync(target, typeof content === "string" ? content : JSON.stringify(content));
  return target;
}

function config(name: string, user: unknown = { token: "t" }, cluster: object = {}) {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster: { server: `https://${name}.example/`, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `ns-${name}` } }],
  };
}

describe("resolveCluster", () => {
  test("contents, a path, KUBECONFIG with several files, and ~/.kube/config", () => {
    const contents = resolveCluster({ kubeconfig: JSON.stringify(config("a")), environment: {} });
    expect(contents).toMatchObject({
      server: "https://a.example",
      context: "a",
      namespace: "ns-a",
    });
    const one = file("one", config("one"));
    const two = file("two", config("two"));
    expect(resolveCluster({ kubeconfig: one, environment: {} }).server).toBe("https://one.example");
    const KUBECONFIG = [path.join(folder, "absent"), one, two].join(path.delimiter);
    expect(resolveCluster({ environment: { KUBECONFIG } }).context).toBe("one");
    const other = resolveCluster({ environment: { KUBECONFIG }, context: "two" });
    expect(other).toMatchObject({ server: "https://two.example", namespace: "ns-two" });
    const crossed = resolveCluster({ environment: { KUBECONFIG }, cluster: "two" });
    expect(crossed).toMatchObject({ server: "https://two.example", context: "one" });
  });

  test("certificate files are found beside the kubeconfig that names them", () => {
    file("ca.pem", "the authority");
    const named = file("with-ca", config("c", {}, { "certificate-authority": "ca.pem" }));
    expect(resolveCluster({ kubeconfig: named, environment: {} }).certificateAuthority).toBe(
      "the authority",
    );
  });

  test("inside a pod, its service account stands in for a kubeconfig", () => {
    const account = mkdtempSync(path.join(folder, "account-"));
    const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" };
    expect(inClusterConfig(environment, account)).toBeUndefined();
    writeFileSync(path.join(account, "token"), "t");
    writeFileSync(path.join(account, "namespace"), "team\n");
    expect(inClusterConfig({}, account)).toBeUndefined();
    expect(inClusterConfig(environment, account)?.config).toMatchObject({
      clusters: [{ cluster: { server: "https://[fd00::1]:6443" } }],
      users: [{ user: { tokenFile: path.join(account, "token") } }],
      contexts: [{ context: { namespace: "team" } }],
    });
  });

  test.each([
    [
      "no file",
      { environment: { HOME: "/nonexistent" } },
      /no kubeconfig at \/nonexistent\/\.kube\/config/,
    ],
    [
      "no such context",
      { kubeconfig: JSON.stringify(config("a")), context: "b", environment: {} },
      /no context "b"/,
    ],
    ["no YAML", { kubeconfig: "a: [\ntoken: hush-hush", environment: {} }, /not valid YAML/],
    [
      "a proxy",
      { kubeconfig: JSON.stringify(config("a", {}, { "proxy-url": "http://p" })), environment: {} },
      /proxy-url .* not supported/,
    ],
  ])("%s is told with a fix", (_name, choice, message) => {
    expect(() => resolveCluster(choice)).toThrow(message);
    try {
      resolveCluster(choice);
    } catch (error) {
      expect(String(error)).not.toContain("hush-hush");
      expect(error).toMatchObject({ fix: expect.stringMatching(/\w/), exitCode: 2 });
    }
  });
});

describe("credentials", () => {
  const source = (user: unknown) =>
    createCredentialSource(
      resolveCluster({ kubeconfig: JSON.stringify(config("a", user)), environment: {} }),
      { PATH: process.env.PATH ?? "" },
    );

  test("token, basic, certificate, token file and impersonation", async () => {
    expect((await source({ token: "x" }).get()).headers).toEqual({ authorization: "Bearer x" });
    const basic = await source({ username: "u", password: "p" }).get();
    expect(basic.headers).toEqual({ authorization: `Basic ${btoa("u:p")}` });
    const pair = { "client-certificate-data": btoa("cert"), "client-key-data": btoa("key") };
    expect(await source(pair).get()).toMatchObject({ certificate: "cert", key: "key" });
    const tokenFile = file("token", " from-file\n");
    expect((await source({ tokenFile }).get()).headers).toEqual({
      authorization: "Bearer from-file",
    });
    const as = await source({ token: "x", as: "jane", "as-groups": ["a", "b"] }).get();
    expect(as.headers).toMatchObject({
      "impersonate-user": "jane",
      "impersonate-group": ["a", "b"],
    });
  });

  test("an exec plugin is run once, and again after a refusal", async () => {
    const count = path.join(folder, "count");
    const credential = '{"kind":"ExecCredential","status":{"token":"from-plugin"}}';
    const script = file("plugin.sh", `echo x >> ${count}\necho '${credential}'\n`);
    const plugin = source({
      exec: { command: "sh", args: [script], apiVersion: "client.authentication.k8s.io/v1" },
    });
    expect((await plugin.get()).headers).toEqual({ authorization: "Bearer from-plugin" });
    await plugin.get();
    plugin.invalidate();
    await plugin.get();
    expect(readFileSync(count, "utf8")).toBe("x\nx\n");
  });

  test("a plugin is found beside its kubeconfig and told of the cluster where it asks", async () => {
    const plugin = file(
      "told.sh",
      `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > ${folder}/info\necho '{"status":{"token":"t"}}'\n`,
    );
    chmodSync(plugin, 0o755);
    const user = { exec: { command: "./told.sh", provideClusterInfo: true } };
    const kubeconfig = file("told", config("told", user));
    const access = resolveCluster({ kubeconfig, environment: {} });
    await createCredentialSource(access, { PATH: process.env.PATH ?? "" }).get();
    const info = JSON.parse(readFileSync(path.join(folder, "info"), "utf8"));
    expect(info.spec.cluster.server).toBe("https://told.example");
  });

  test("a plugin that expires is run again; one that fails tells nothing it printed", async () => {
    const expired = '{"status":{"token":"t","expirationTimestamp":"2001-01-01T00:00:00Z"}}';
    const stale = source({ exec: { command: "sh", args: ["-c", `echo '${expired}'`] } });
    expect((await stale.get()).headers).toEqual({ authorization: "Bearer t" });
    const broken = source({ exec: { command: "sh", args: ["-c", "echo hush-hush; exit 3"] } });
    await expect(broken.get()).rejects.toThrow(/plugin "sh" failed: it ended with 3/);
    await expect(broken.get()).rejects.not.toThrow(/hush-hush/);
    const legacy = source({ "auth-provider": { name: "gcp" } });
    await expect(legacy.get()).rejects.toThrow(/auth-provider "gcp"/);
  });
});
