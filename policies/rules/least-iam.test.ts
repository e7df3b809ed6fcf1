import { leastIam } from "./least-iam.ts";
import { judgedByTable } from "./test-table.ts";

const document = (statement: object) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [statement] });

judgedByTable(leastIam, {
  good: {
    rights: {
      type: "aws:iam/rolePolicy:RolePolicy",
      props: {
        policy: document({
          Effect: "Allow",
          Action: ["s3:GetObject"],
          Resource: "arn:aws:s3:::b/*",
        }),
      },
    },
    trust: {
      type: "aws:iam/role:Role",
      props: {
        assumeRolePolicy: document({
          Effect: "Allow",
          Action: "sts:AssumeRole",
          Principal: { Service: "ec2.amazonaws.com" },
        }),
      },
    },
    key: {
      type: "aws:kms/key:Key",
      props: {
        policy: document({
          Effect: "Allow",
          Action: "kms:Decrypt",
          Resource: "*",
          Principal: { AWS: "*" },
          Condition: { StringEquals: { "kms:ViaService": "ec2" } },
        }),
      },
    },
    bucket: {
      type: "aws:s3/bucketPolicy:BucketPolicy",
      props: {
        policy: document({ Effect: "Deny", Action: "s3:*", Resource: "*", Principal: "*" }),
      },
    },
    ready: {
      type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      props: { policyArn: "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy" },
    },
  },
  fails: {
    "every action": [
      [["rights", "policy", document({ Effect: "Allow", Action: "*", Resource: "a" })]],
      /allows \*/,
    ],
    "every action of a service": [
      [["rights", "policy", document({ Effect: "Allow", Action: ["s3:*"], Resource: "a" })]],
      /allows s3:\*/,
    ],
    "every resource": [
      [["rights", "policy", document({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" })]],
      /every resource/,
    ],
    everybody: [
      [
        [
          "trust",
          "assumeRolePolicy",
          document({ Effect: "Allow", Action: "sts:AssumeRole", Principal: "*" }),
        ],
      ],
      /everybody/,
    ],
    "everybody in a key's policy": [
      [
        [
          "key",
          "policy",
          document({
            Effect: "Allow",
            Action: "kms:Decrypt",
            Resource: "*",
            Principal: { AWS: "*" },
          }),
        ],
      ],
      /everybody/,
    ],
    "administrator's rights": [
      [["ready", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"]],
      /AdministratorAccess/,
    ],
    "a whole service": [
      [["ready", "policyArn", "arn:aws:iam::aws:policy/AmazonS3FullAccess"]],
      /FullAccess/,
    ],
    "no document": [[["rights", "policy", "{"]], /no policy document/],
  },
  unknown: ["rights", "policy"],
});
