import { describe, expect, test } from "vitest";
import { redisUsers } from "../redis-configuration.ts";
import { Cache, type CacheArgs, GATEWAY_ACCESS } from "./cache.ts";
import { clusterHandle, keysHandle, make, networkHandle, SITE } from "./test-aws.ts";

const cache = (more: Partial<CacheArgs> = {}) =>
  make(() => {
    const { host, port, user, password } = new Cache("quota", {
      site: SITE,
      network: networkHandle(),
      cluster: clusterHandle(),
      keys: keysHandle(),
      engineVersion: "7.1",
      nodeType: "cache.m7g.large",
      nodes: 2,
      snapshotDays: 7,
      ...more,
    });
    return { host, port, user, password };
  });

const GROUP = "elasticache/replicationGroup:ReplicationGroup";

test("takes over by itself, is encrypted at rest and on its way, and reached from inside only", async () => {
  const made = await cache();
  expect(made.one(GROUP).inputs).toMatchObject({
    replicationGroupId: "deepseek-prod-quota",
    engine: "redis",
    engineVersion: "7.1",
    numCacheClusters: 2,
    automaticFailoverEnabled: true,
    multiAzEnabled: true,
    transitEncryptionEnabled: true,
    transitEncryptionMode: "required",
    atRestEncryptionEnabled: true,
    kmsKeyId: "arn:aws:kms:eu-central-1:111122223333:key/cache",
    securityGroupIds: [made.one("ec2/securityGroup:SecurityGroup").outputs.id],
    userGroupIds: ["deepseek-prod-quota"],
  });
  expect(made.one("vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs).toMatchObject({
    referencedSecurityGroupId: "sg-cluster",
    fromPort: 6379,
    toPort: 6379,
  });
});

test("one node alone promises no failover", async () => {
  const made = await cache({ nodes: 1 });
  expect(made.one(GROUP).inputs).toMatchObject({
    automaticFailoverEnabled: false,
    multiAzEnabled: false,
  });
});

test("refuses rather than forgets", async () => {
  const made = await cache();
  expect(made.one("elasticache/parameterGroup:ParameterGroup").inputs).toMatchObject({
    family: "redis7",
    parameters: [{ name: "maxmemory-policy", value: "noeviction" }],
  });
});

describe("its users", () => {
  test("the gateway has its own keys and the commands that it needs; default is off", async () => {
    const made = await cache();
    const users = made.all("elasticache/user:User").map(({ inputs }) => inputs);
    expect(users.map((user) => [user.userName, user.accessString])).toEqual([
      ["default", "off ~* resetchannels -@all"],
      ["gateway", GATEWAY_ACCESS],
    ]);
    expect(made.one("elasticache/userGroup:UserGroup").inputs.userIds).toEqual([
      "deepseek-prod-default",
      "deepseek-prod-gateway",
    ]);
  });

  test("the gateway may do what it may do in the pod's Redis", () => {
    const passwords = { gateway: "g", probe: "p", exporter: "e" };
    const inPod = redisUsers(passwords)
      .split("\n")
      .find((line) => line.startsWith("user gateway"));
    const rules = (text = "") =>
      text
        .split(" ")
        .filter((word) => /^[+~-]/.test(word))
        .sort();
    expect(rules(GATEWAY_ACCESS)).toEqual(rules(inPod));
  });

  test("passwords are secrets, differ, and the gateway's is what its peer is told", async () => {
    const made = await cache();
    const users = made.all("elasticache/user:User");
    const [nobody, gateway] = users.map(({ inputs }) => inputs.authenticationMode.passwords[0]);
    expect(users.map(({ secrets }) => secrets)).toEqual([
      ["authenticationMode"],
      ["authenticationMode"],
    ]);
    expect(gateway).not.toBe(nobody);
    expect(made.result).toEqual({
      host: made.one(GROUP).outputs.primaryEndpointAddress,
      port: 6379,
      user: "gateway",
      password: gateway,
    });
  });
});
