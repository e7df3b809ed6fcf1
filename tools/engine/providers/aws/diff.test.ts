import { describe, expect, test } from "vitest";
import { CLUSTER, diff, KEY, VPC } from "./test-cloud.ts";

describe("diff", () => {
  test("a default written out, a reordered set and reformatted JSON are no change", async () => {
    expect((await diff(KEY, {}, { keyUsage: "ENCRYPT_DECRYPT" })).changes).toEqual({});
    const sets = await diff(
      "aws:rds/subnetGroup:SubnetGroup",
      { subnetIds: ["a", "b"] },
      { subnetIds: ["b", "a"] },
    );
    expect(sets.changes).toEqual({});
    const json = await diff(KEY, { policy: '{"a":1,"b":2}' }, { policy: '{ "b": 2, "a": 1 }' });
    expect(json.changes).toEqual({});
    const order = await diff(
      "aws:eks/nodeGroup:NodeGroup",
      { instanceTypes: ["a", "b"] },
      { instanceTypes: ["b", "a"] },
    );
    expect(order.replaces).not.toEqual([]);
  });

  test("conditions decide where the tables of AWS do", async () => {
    const to = async (before: string, after: string) =>
      (await diff(CLUSTER, { version: before }, { version: after })).replaces;
    expect(await to("1.32", "1.33")).toEqual([]);
    expect(await to("1.33", "1.32")).toEqual(["version"]);
    const tenancy = await diff(VPC, {}, { instanceTenancy: "dedicated" });
    expect(tenancy.replaces).toEqual(["instanceTenancy"]);
    const balancer = { loadBalancerType: "network", subnets: ["a", "b"] };
    const type = "aws:lb/loadBalancer:LoadBalancer";
    expect(
      (await diff(type, balancer, { ...balancer, subnets: ["a", "b", "c"] })).replaces,
    ).toEqual([]);
    expect((await diff(type, balancer, { ...balancer, subnets: ["a"] })).replaces).toEqual([
      "subnets",
    ]);
  });

  test("nested changes are named by their path", async () => {
    const vpcConfig = { subnetIds: ["a"], endpointPublicAccess: true };
    const after = { vpcConfig: { ...vpcConfig, endpointPublicAccess: false } };
    const result = await diff(CLUSTER, { vpcConfig }, after);
    expect(result.changes).toEqual({
      "vpcConfig.endpointPublicAccess": { kind: "update", replace: false },
    });
  });

  test("a member of a set is named where it is written, a set that is mixed as a whole", async () => {
    const type = "aws:ec2/launchTemplate:LaunchTemplate";
    const paths = async (before: string[], after: string[]) => {
      const of = (vpcSecurityGroupIds: string[]) => ({ vpcSecurityGroupIds });
      return Object.keys((await diff(type, of(before), of(after))).changes);
    };
    expect(await paths(["sg-c", "sg-a"], ["sg-c", "sg-z"])).toEqual(["vpcSecurityGroupIds[1]"]);
    expect(await paths(["sg-c", "sg-a"], ["sg-a", "sg-z"])).toEqual(["vpcSecurityGroupIds"]);
    expect(await paths(["sg-c", "sg-a"], ["sg-a", "sg-a"])).toEqual(["vpcSecurityGroupIds"]);
  });

  test("a property in no table is of unknown effect", async () => {
    const type = "aws:elasticache/replicationGroup:ReplicationGroup";
    expect(await diff(type, {}, { durability: "x" })).toMatchObject({
      basis: "unknown-effect",
      replaces: [],
    });
  });

  test("ignored changes are ignored, and another region replaces", async () => {
    const after = { scalingConfig: { desiredSize: 3 } };
    const ignoring = await diff(
      "aws:eks/nodeGroup:NodeGroup",
      { scalingConfig: { desiredSize: 1 } },
      after,
      {
        ignoreChanges: ["scalingConfig.desiredSize"],
      },
    );
    expect(ignoring.changes).toEqual({});
    const moved = await diff(KEY, {}, {}, { oldOutputs: { region: "us-east-1" } });
    expect(moved.replaces).toEqual(["region"]);
  });

  test("a name of its own makes room first; a drawn one does not", async () => {
    const type = "aws:eks/nodeGroup:NodeGroup";
    const named = { nodeGroupName: "gpu", diskSize: 100 };
    expect((await diff(type, named, { ...named, diskSize: 200 })).deleteBeforeReplace).toBe(true);
    const drawn = { ...named, __defaults: ["nodeGroupName"] };
    expect((await diff(type, drawn, { ...drawn, diskSize: 200 })).deleteBeforeReplace).toBe(false);
    expect((await diff(type, named, { ...named, nodeGroupName: "new" })).deleteBeforeReplace).toBe(
      false,
    );
  });
});
