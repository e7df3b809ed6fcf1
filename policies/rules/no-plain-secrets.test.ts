import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { noPlainSecrets } from "./no-plain-secrets.ts";
import { judge, UNKNOWN } from "./test-judge.ts";
import { CONFIG_MAP, container, DEPLOYMENT, deployment } from "./test-objects.ts";

/** Put together here, so that no scanner takes this file for a leak. */
const PRIVATE_KEY = ["-----BEGIN", "PRIVATE KEY-----"].join(" ");
const AWS_KEY = `AKIA${"ABCDEFGH".repeat(2)}`;
const API_KEY = `sk-${"a1B2".repeat(6)}`;
const JWT = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "c2lnbmF0dXJl"].join(".");
const URL_PASSWORD = ["postgres://gateway", "hunter2@postgres/ledger"].join(":");

async function inVariable(name: unknown, value: unknown) {
  const containers = [container({ env: [{ name, value }] })];
  return (await judge(noPlainSecrets, DEPLOYMENT, deployment({ containers }))).violations;
}

async function inConfigMap(data: Record<string, unknown>, binaryData?: Record<string, unknown>) {
  const props = { metadata: { name: "settings" }, data, binaryData };
  return (await judge(noPlainSecrets, CONFIG_MAP, props)).violations;
}

test.each([
  ["DB_PASSWORD", "hunter2"],
  ["REDIS_PASS", "hunter2"],
  ["API_KEY", "hunter2"],
  ["SESSION_SECRET", "hunter2"],
  ["GITHUB_TOKEN", "hunter2"],
  ["PGPASSWORD", "hunter2"],
  ["MYSQL_PWD", "hunter2"],
  ["clientSecret", "hunter2"],
  ["JWT_SIGNING_KEY", "hunter2"],
  ["ANYTHING", `c${API_KEY}`],
  ["ANYTHING", AWS_KEY],
  ["ANYTHING", API_KEY],
  ["ANYTHING", JWT],
  ["DATABASE_URL", URL_PASSWORD],
  ["CERTIFICATE", PRIVATE_KEY],
])("refuses the variable %s", async (name, value) => {
  const found = await inVariable(name, value);
  expect(found).toEqual([expect.stringContaining(`variable ${name} holds`)]);
  expect(found.join(), "a message never repeats the value").not.toContain(value);
});

test.each([
  ["DB_PASSWORD_FILE", "/run/secrets/db"],
  ["DB_PASSWORD", ""],
  ["DB_PASSWORD", "/run/secrets/db"],
  ["DB_PASSWORD", "$(FROM_SECRET)"],
  ["SECRET_NAME", "redis-users"],
  ["TOKEN_TTL", "3600"],
  ["USE_TOKEN", "true"],
  ["MAX_TOKENS", "512"],
  ["PASSENGER", "seven"],
  ["GW_TOKENS_PER_MINUTE", "100000"],
  ["UPSTREAM", "https://gateway:8080/v1"],
  ["DATABASE_URL", "postgres://gateway@postgres/ledger"],
])("allows the variable %s = %s", async (name, value) => {
  expect(await inVariable(name, value)).toEqual([]);
});

test("a variable from a Secret is no literal", async () => {
  const valueFrom = { secretKeyRef: { name: "s", key: "k" } };
  const containers = [container({ env: [{ name: "DB_PASSWORD", valueFrom }] })];
  expect((await judge(noPlainSecrets, DEPLOYMENT, deployment({ containers }))).violations).toEqual(
    [],
  );
});

test("ConfigMaps are read, line by line and in base64", async () => {
  expect(await inConfigMap({ "redis.conf": "port 0\nrequirepass hunter2\n" })).toEqual([
    expect.stringContaining("ConfigMap settings, redis.conf holds the setting requirepass"),
  ]);
  expect(await inConfigMap({ "app.yaml": "db:\n  password: hunter2\n" })).toHaveLength(1);
  expect(await inConfigMap({ password: "hunter2" })).toHaveLength(1);
  expect(await inConfigMap({ "ca.pem": "-----BEGIN CERTIFICATE-----" })).toEqual([]);
  expect(await inConfigMap({ "app.yaml": "password_file: /run/secrets/db\ntls: true\n" })).toEqual(
    [],
  );
  expect(await inConfigMap({ "nginx.conf": "ssl_certificate_key /tls/tls.key;" })).toEqual([]);
  expect(await inConfigMap({ "nginx.conf": "  proxy_pass https://gateway;\n" })).toEqual([]);
  const binary = Buffer.from(PRIVATE_KEY).toString("base64");
  expect(await inConfigMap({}, { "tls.key": binary })).toHaveLength(1);
});

test("arguments are read, and init and ephemeral containers", async () => {
  const command = ["server", "--password=hunter2"];
  const containers = [container({ command })];
  const found = (await judge(noPlainSecrets, DEPLOYMENT, deployment({ containers }))).violations;
  expect(found).toEqual([expect.stringContaining("command[1] holds what its name calls a secret")]);
  const bad = container({ env: [{ name: "API_KEY", value: "hunter2" }] });
  const both = deployment({ initContainers: [bad], ephemeralContainers: [bad] });
  expect((await judge(noPlainSecrets, DEPLOYMENT, both)).violations).toHaveLength(2);
  const path = [container({ args: ["--token-file=/run/token", "--max-tokens=512"] })];
  expect(
    (await judge(noPlainSecrets, DEPLOYMENT, deployment({ containers: path }))).violations,
  ).toEqual([]);
});

test("an unknown value is not evaluated, and its neighbours are", async () => {
  const env = [
    { name: "URL", value: UNKNOWN },
    { name: "API_KEY", value: "hunter2" },
  ];
  const verdict = await judge(
    noPlainSecrets,
    DEPLOYMENT,
    deployment({ containers: [container({ env })] }),
  );
  expect([verdict.notEvaluated, verdict.violations.length]).toEqual([true, 1]);
  const map = await judge(noPlainSecrets, CONFIG_MAP, {
    data: { a: UNKNOWN, password: "hunter2" },
  });
  expect([map.notEvaluated, map.violations.length]).toEqual([true, 1]);
});

test("what has no form is refused or passed over without a crash", async () => {
  expect(
    (
      await judge(
        noPlainSecrets,
        DEPLOYMENT,
        deployment({ containers: [container({ env: ["A=b"] })] }),
      )
    ).violations,
  ).toHaveLength(1);
  expect(
    (
      await judge(
        noPlainSecrets,
        DEPLOYMENT,
        deployment({ containers: [container({ env: "A=b" })] }),
      )
    ).violations,
  ).toEqual([]);
  expect((await judge(noPlainSecrets, CONFIG_MAP, { data: "x" })).violations).toEqual([]);
  expect(
    (await judge(noPlainSecrets, "kubernetes:core/v1:Secret", { stringData: { password: "x" } }))
      .violations,
  ).toEqual([]);
});

const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const multipart = (head: string, body: string) =>
  `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="==a=="\n\n--==a==\n${head}\n\n${body}\n--==a==--\n`;
const SCRIPT = "#!/bin/sh\nexport DB_PASSWORD=hunter2\n";

test.each([
  [
    "ec2/launchTemplate:LaunchTemplate",
    { userData: base64("#!/bin/sh\nexport DB_PASSWORD=hunter2") },
  ],
  ["ec2/launchTemplate:LaunchTemplate", { userData: base64(`#!/bin/sh\necho ${AWS_KEY} > /k`) }],
  ["ec2/launchTemplate:LaunchTemplate", { userData: base64("db:\n  password: hunter2\n") }],
  ["ec2/instance:Instance", { userData: "#!/bin/sh\nenroll --token hunter2\n" }],
  ["ec2/launchTemplate:LaunchTemplate", { userData: base64(gzipSync(SCRIPT)) }],
  [
    "ec2/launchTemplate:LaunchTemplate",
    { userData: base64(multipart("Content-Type: text/x-shellscript", SCRIPT)) },
  ],
  [
    "ec2/launchTemplate:LaunchTemplate",
    {
      userData: base64(
        gzipSync(
          multipart(
            "Content-Type: application/x-gzip\nContent-Transfer-Encoding: base64",
            base64(gzipSync(SCRIPT)),
          ),
        ),
      ),
    },
  ],
  [
    "ec2/launchTemplate:LaunchTemplate",
    { userData: base64(Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from("broken")])) },
  ],
  ["ssm/parameter:Parameter", { name: "/site/ledger/password", type: "String", value: "hunter2" }],
  ["ssm/parameter:Parameter", { name: "/site/a", type: "StringList", value: `a,${AWS_KEY}` }],
  ["ssm/parameter:Parameter", { name: "api-key", type: "SecureString", insecureValue: "hunter2" }],
  ["s3/bucket:Bucket", { tags: { ApiToken: "hunter2" } }],
  ["autoscaling/group:Group", { tags: [{ key: "token", value: "hunter2" }] }],
  [
    "ec2/launchTemplate:LaunchTemplate",
    { tagSpecifications: [{ resourceType: "instance", tags: { token: "hunter2" } }] },
  ],
  ["ec2/instance:Instance", { userDataBase64: base64('Environment="API_TOKEN=hunter2"') }],
  ["eks/addon:Addon", { configurationValues: '{"controller":{"apiKey":"hunter2"}}' }],
  ["eks/addon:Addon", { configurationValues: '{"env":[{"name":"API_KEY","value":"hunter2"}]}' }],
  ["eks/addon:Addon", { configurationValues: "controller:\n  password: hunter2\n" }],
  [
    "ecs/taskDefinition:TaskDefinition",
    { containerDefinitions: '[{"environment":[{"name":"API_KEY","value":"hunter2"}]}]' },
  ],
  ["lambda/function:Function", { environment: { variables: { DB_PASSWORD: "hunter2" } } }],
])("refuses a secret in the plain texts of %s %j", async (type, props) => {
  const { violations } = await judge(noPlainSecrets, `aws:${type}`, props);
  expect(violations).toEqual([expect.stringMatching(/ holds /)]);
  expect(violations.join()).not.toMatch(/hunter2|AKIA/);
});

test.each([
  [
    "ec2/launchTemplate:LaunchTemplate",
    { userData: base64("#!/bin/sh\nTOKEN=`curl http://x`\nexport DB_PASSWORD=$(cat /run/p)\n") },
  ],
  ["ec2/launchTemplate:LaunchTemplate", { userData: 7 }],
  ["eks/addon:Addon", { configurationValues: '{"enableNetworkPolicy":"true"}' }],
  ["rds/instance:Instance", { password: "hunter2" }],
  ["ssm/parameter:Parameter", { name: "password", type: "SecureString", value: "hunter2" }],
  ["ssm/parameter:Parameter", { name: "/site/image", type: "String", value: "ami-1" }],
  ["s3/bucket:Bucket", { tags: { Name: "audit", Secret: "false", TokenName: "a" } }],
  [
    "ec2/launchTemplate:LaunchTemplate",
    { userData: base64(gzipSync(multipart("Content-Type: text/x-shellscript", "echo a"))) },
  ],
])("allows the plain texts of %s %j", async (type, props) => {
  expect((await judge(noPlainSecrets, `aws:${type}`, props)).violations).toEqual([]);
});

test("user data that is not known yet is not evaluated", async () => {
  const type = "aws:ec2/launchTemplate:LaunchTemplate";
  expect((await judge(noPlainSecrets, type, { userData: UNKNOWN })).notEvaluated).toBe(true);
});

test.each([
  [["sh", "-c", "export PGPASSWORD=hunter2; psql"]],
  [["redis-cli", "--pass", "hunter2"]],
  [["sh", "-c", "exec redis-server /etc/redis.conf --requirepass hunter2"]],
  [["sh", "-c", "psql --password=hunter2"]],
])("refuses a secret among the words %j", async (command) => {
  const containers = [container({ command })];
  const { violations } = await judge(noPlainSecrets, DEPLOYMENT, deployment({ containers }));
  expect(violations).toHaveLength(1);
  expect(violations.join()).not.toContain("hunter2");
});

test.each([
  [["redis-cli", "--pass", "$(PASSWORD)"]],
  [["tool", "--password", "--verbose"]],
  [["sh", "-c", "redis-cli --pass $PASSWORD ping"]],
  [["tool", "--token-file", "/run/token"]],
])("allows the words %j", async (command) => {
  const containers = [container({ command })];
  const verdict = await judge(noPlainSecrets, DEPLOYMENT, deployment({ containers }));
  expect(verdict.violations).toEqual([]);
});
