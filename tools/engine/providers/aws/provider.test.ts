import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSecret, secret, UNKNOWN } from "../../values.ts";
import { createSimulatedAwsProvider } from "./provider.ts";
import { CLUSTER, configured, create, DATABASE, KEY, request, VPC } from "./test-cloud.ts";

describe("it refuses to pretend", () => {
  test("without --simulate-cloud it previews, and does nothing else", async () => {
    const provider = await configured({ region: "eu-central-1" }, false);
    const inputs = { cidrBlock: "10.0.0.0/16" };
    expect((await provider.create({ ...request(VPC, true), inputs })).id).toBe("");
    const real = provider.create({ ...request(VPC), inputs });
    await expect(real).rejects.toMatchObject({ fix: expect.stringContaining("--simulate-cloud") });
    await expect(
      provider.delete({ ...request(VPC), id: "v", inputs, outputs: {} }),
    ).rejects.toThrow(/no real AWS/);
  });

  test("an unknown type, function or existing resource is refused by name", async () => {
    await expect(create("aws:s3/bucketV2:BucketV2", {})).rejects.toMatchObject({
      message: expect.stringContaining("aws:s3/bucketV2:BucketV2"),
      fix: expect.stringContaining("BucketVersioning"),
    });
    const provider = await configured();
    await expect(provider.invoke("aws:ec2/getVpc:getVpc", {}, true)).rejects.toThrow(/getVpc/);
    const unknown = { ...request(VPC), id: "vpc-1", inputs: {}, outputs: {} };
    await expect(provider.read(unknown)).rejects.toThrow(/did not create/);
  });
});

describe("configuration", () => {
  test("needs a region, from the settings or the environment", async () => {
    const provider = createSimulatedAwsProvider({ simulateCloud: true, environment: {} });
    expect((await provider.checkConfig({})).failures).toMatchObject([{ property: "region" }]);
    expect((await provider.checkConfig({ region: "mars" })).failures).toHaveLength(1);
    expect((await provider.checkConfig({ region: UNKNOWN })).failures).toEqual([]);
    expect(
      (await provider.checkConfig({ region: "cn-north-1", regoin: "" })).failures,
    ).toMatchObject([{ reason: expect.stringContaining("Did you mean region?") }]);
    const environment = { AWS_REGION: "eu-west-1" };
    const other = createSimulatedAwsProvider({ simulateCloud: true, environment });
    expect((await other.checkConfig({})).failures).toEqual([]);
  });

  test("another region replaces everything; other settings replace nothing", async () => {
    const provider = await configured();
    const moved = await provider.diffConfig({ region: "eu-west-1" }, { region: "eu-west-2" });
    expect(moved.replaces).toEqual(["region"]);
    const tagged = await provider.diffConfig({ profile: "a" }, { profile: "b" });
    expect([tagged.replaces, Object.keys(tagged.changes)]).toEqual([[], ["profile"]]);
  });

  test("default tags reach every resource, and a change of them is an update", async () => {
    const provider = await configured({
      region: "eu-central-1",
      defaultTags: JSON.stringify({ tags: { owner: "us", stage: "prod" } }),
    });
    const inputs = { cidrBlock: "10.0.0.0/16", tags: { stage: "dev" } };
    const made = await provider.create({ ...request(VPC), inputs });
    expect(made.outputs.tagsAll).toEqual({ owner: "us", stage: "dev" });
    const oldOutputs = { ...made.outputs, tagsAll: { stage: "dev" } };
    const change = { oldInputs: inputs, oldOutputs, inputs, ignoreChanges: [], preview: true };
    const result = await provider.diff({ ...request(VPC), id: made.id, ...change });
    expect(result.changes).toEqual({ tagsAll: { kind: "update", replace: false } });
  });

  test("a partition has its own ARNs and names", async () => {
    const china = await configured({ region: "cn-north-1" });
    const made = await china.create({ ...request(KEY), inputs: {} });
    expect(made.outputs.arn).toMatch(/^arn:aws-cn:kms:cn-north-1:000000000000:key\//);
    const partition = await china.invoke("aws:index/getPartition:getPartition", {}, false);
    expect(partition).toMatchObject({ partition: "aws-cn", dnsSuffix: "amazonaws.com.cn" });
  });
});

describe("create", () => {
  test("ids and ARNs have the form of the real ones, and differ by name", async () => {
    const vpc = await create(VPC, { cidrBlock: "10.0.0.0/16" });
    expect(vpc.id).toMatch(/^vpc-[0-9a-f]{17}$/);
    expect(vpc.outputs.arn).toBe(`arn:aws:ec2:eu-central-1:000000000000:vpc/${vpc.id}`);
    expect((await create(VPC, { cidrBlock: "10.0.0.0/16" })).id).toBe(vpc.id);
    expect((await create(VPC, { cidrBlock: "10.0.0.0/16" }, false, "y")).id).not.toBe(vpc.id);
    expect((await create(VPC, { cidrBlock: "10.1.0.0/16" })).id).not.toBe(vpc.id);
    const key = await create(KEY, { multiRegion: true });
    expect(key.id).toMatch(/^mrk-[0-9a-f]{32}$/);
    const database = await create(DATABASE, {
      identifier: "ledger",
      engine: "postgres",
      instanceClass: "db.t4g.medium",
    });
    expect(database.outputs.endpoint).toMatch(
      /^ledger\.[0-9a-f]{12}\.eu-central-1\.rds\..*\.invalid:5432$/,
    );
  });

  test("a preview tells what is given and nothing that the cloud decides", async () => {
    const inputs = {
      name: "c",
      roleArn: "arn:aws:iam::000000000000:role/r",
      vpcConfig: { subnetIds: ["s"] },
    };
    const { id, outputs } = await create(CLUSTER, inputs, true);
    expect(id).toBe("");
    expect(outputs).toMatchObject({
      endpoint: UNKNOWN,
      identities: UNKNOWN,
      name: "c",
      vpcConfig: { subnetIds: ["s"], vpcId: UNKNOWN, endpointPrivateAccess: UNKNOWN },
    });
    const made = await create(CLUSTER, inputs);
    expect(made.outputs).toMatchObject({
      vpcConfig: { subnetIds: ["s"], endpointPublicAccess: true },
    });
  });

  test("secrets of the inputs stay secret; write-only ones are no outputs", async () => {
    const inputs = {
      engine: "postgres",
      identifier: "l",
      instanceClass: "db.t4g.medium",
      password: secret("hunter2"),
    };
    const made = await create(DATABASE, inputs);
    expect(isSecret(made.outputs.password)).toBe(true);
    const version = {
      secretId: "arn:aws:secretsmanager:r:000000000000:secret:s",
      secretStringWo: secret("hunter2"),
    };
    const written = await create("aws:secretsmanager/secretVersion:SecretVersion", version);
    expect(JSON.stringify(written)).not.toContain("hunter2");
    const plain = { ...version, secretStringWo: secret("other") };
    const again = await create("aws:secretsmanager/secretVersion:SecretVersion", plain);
    expect(again.id, "no id is made from a secret").toBe(written.id);
  });

  test("any text as a name gives the same id twice, of the right form", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (name) => {
        const first = await create("aws:ec2/subnet:Subnet", { vpcId: name }, false, name);
        expect(first.id).toMatch(/^subnet-[0-9a-f]{17}$/);
        expect(await create("aws:ec2/subnet:Subnet", { vpcId: name }, false, name)).toEqual(first);
      }),
      { numRuns: 50 },
    );
  });
});

describe("update and delete", () => {
  test("an update keeps the id and what belongs to it; versions count up", async () => {
    const provider = await configured();
    const type = "aws:ec2/launchTemplate:LaunchTemplate";
    const oldInputs = { name: "t", imageId: "ami-1" };
    const made = await provider.create({ ...request(type), inputs: oldInputs });
    const change = {
      id: made.id,
      oldInputs,
      oldOutputs: made.outputs,
      inputs: { ...oldInputs, imageId: "ami-2" },
    };
    const planned = await provider.update({ ...request(type, true), ...change });
    expect(planned.outputs).toMatchObject({
      latestVersion: UNKNOWN,
      imageId: "ami-2",
      arn: made.outputs.arn,
    });
    const { outputs } = await provider.update({ ...request(type), ...change });
    expect(outputs).toMatchObject({
      latestVersion: 2,
      defaultVersion: 1,
      arn: made.outputs.arn,
      id: made.id,
    });
  });

  test("what is protected is not deleted", async () => {
    const provider = await configured();
    const state = { id: "d", inputs: {}, outputs: { deletionProtection: true } };
    await expect(provider.delete({ ...request(DATABASE), ...state })).rejects.toThrow(
      /deletionProtection/,
    );
    await provider.delete({
      ...request(DATABASE),
      ...state,
      outputs: { deletionProtection: false },
    });
  });
});
