import { regionFence } from "./region-fence.ts";
import { stackOf } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(regionFence, {
  good: {
    stack: stackOf("cnBank"),
    aws: { type: "pulumi:providers:aws", props: { region: "cn-north-1" } },
    key: { type: "aws:kms/key:Key", props: { arn: "arn:aws-cn:kms:cn-north-1:1:key/a" } },
  },
  passes: {
    "another region of the country": [["key", "arn", "arn:aws-cn:kms:cn-northwest-1:1:key/a"]],
    "an ARN without a region": [["key", "arn", "arn:aws:iam::1:role/r"]],
  },
  fails: {
    "a region abroad": [[["aws", "region", "us-east-1"]], /acts in us-east-1/],
    "no region": [[["aws", "region", undefined]], /no region/],
    "a replica abroad": [[["key", "policy", "to arn:aws:s3:eu-west-1:1:x"]], /points to eu-west-1/],
    "a list with one abroad": [
      [["key", "targets", [{ to: "arn:aws:backup:us-west-2:1:v" }]]],
      /us-west-2/,
    ],
    "a resource's own region": [[["key", "region", "us-east-1"]], /key points to us-east-1/],
    "a copy in another region": [
      [["key", "replicas", [{ regionName: "ap-southeast-1" }]]],
      /ap-southeast-1/,
    ],
    "another profile's region": [[["stack", "plan.profile", "gdpr"]], /outside of eu-/],
    "no profile": [[["stack", "plan.profile", "none"]], /names no profile/],
  },
  unknown: ["aws", "region"],
});
