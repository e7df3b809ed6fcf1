/** Every connection in a VPC, allowed or not, in a log group under the key of logs. */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { FlowLog } from "@pulumi/aws/ec2/flowLog.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KeysHandle } from "./keys.ts";
import { type AwsSite, arn, names, servicePrincipal } from "./place.ts";
import { policyDocument, serviceTrust } from "./policy.ts";

export interface FlowLogSettings {
  readonly site: AwsSite;
  readonly keys: KeysHandle;
  readonly logDays: number;
}

export function flowLogs(
  name: string,
  vpcId: pulumi.Input<string>,
  { site, keys, logDays }: FlowLogSettings,
  parent: pulumi.CustomResourceOptions,
): void {
  const group = new LogGroup(
    `${name}-flows`,
    {
      name: names.logGroups(site).flows,
      retentionInDays: logDays,
      kmsKeyId: keys.arn("logs"),
    },
    parent,
  );
  const role = new Role(
    `${name}-flows`,
    {
      name: `${site.prefix}-flow-logs`,
      assumeRolePolicy: serviceTrust(servicePrincipal(site, "vpc-flow-logs"), {
        StringEquals: { "aws:SourceAccount": site.account },
        ArnLike: { "aws:SourceArn": arn(site, "ec2", "vpc-flow-log/*") },
      }),
    },
    parent,
  );
  new RolePolicy(
    `${name}-flows`,
    { name: "write", role: role.name, policy: writing(site) },
    parent,
  );
  new FlowLog(
    `${name}-flows`,
    {
      vpcId,
      trafficType: "ALL",
      logDestination: group.arn,
      iamRoleArn: role.arn,
      // The shorter of the two that there are: an alarm on a forbidden connection should not wait.
      maxAggregationInterval: 60,
    },
    parent,
  );
}

function writing(site: AwsSite): string {
  const group = arn(site, "logs", `log-group:${names.logGroups(site).flows}`);
  return policyDocument([
    {
      Sid: "Write",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
      Resource: [group, `${group}:*`],
    },
  ]);
}
