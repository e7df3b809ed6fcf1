import { expect, test } from "vitest";
import { leastIam } from "./least-iam.ts";
import { judge } from "./test-judge.ts";
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
  passes: {
    "resources of one prefix": [
      [
        "rights",
        "policy",
        document({
          ...{ Effect: "Allow", Action: ["kms:GenerateDataKey*", "logs:Put*"] },
          Resource: [
            "arn:aws:logs:r:1:log-group:/a/*:*",
            "arn:aws:s3:::b/*",
            "arn:aws:iam::1:role/a-*",
          ],
        }),
      ],
    ],
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
    ...Object.fromEntries(
      [
        { NotAction: "iam:*", Resource: "a" },
        { Action: "s3:GetObject", NotResource: "arn:aws:s3:::b/*" },
      ].map((words) => [
        `all the rest, by ${Object.keys(words).find((key) => key.startsWith("Not"))}`,
        [[["rights", "policy", document({ Effect: "Allow", ...words })]], /all the rest/],
      ]),
    ),
    "everybody but one": [
      [
        [
          "key",
          "policy",
          document({ Effect: "Allow", Action: "kms:Decrypt", NotPrincipal: { AWS: "1" } }),
        ],
      ],
      /all the rest/,
    ],
    ...Object.fromEntries(
      ["*:*", "s3:**", "s?:GetObject", "s3:*Object", "S3:*"].map((action) => [
        `actions as ${action}`,
        [
          [["rights", "policy", document({ Effect: "Allow", Action: action, Resource: "a" })]],
          /Name the actions/,
        ],
      ]),
    ),
    ...Object.fromEntries(
      ["**", "arn:aws:s3:::*", "arn:aws:iam::1:role/*", "arn:*:*:*:*:*", "arn:aws:kms:r:1:*"].map(
        (resource) => [
          `resources as ${resource}`,
          [
            [
              [
                "rights",
                "policy",
                document({ Effect: "Allow", Action: "s3:GetObject", Resource: resource }),
              ],
            ],
            /every resource/,
          ],
        ],
      ),
    ),
    ...Object.fromEntries(
      [
        { Bool: { "aws:SecureTransport": "true" } },
        { StringLike: { "aws:PrincipalArn": "*" } },
        { StringEqualsIfExists: { "aws:PrincipalAccount": "1" } },
        { StringNotEquals: { "aws:PrincipalAccount": "1" } },
        { "ForAllValues:StringEquals": { "aws:PrincipalOrgPaths": "o" } },
        { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } },
      ].map((Condition) => [
        `everybody under ${JSON.stringify(Condition)}`,
        [
          [
            [
              "key",
              "policy",
              document({
                ...{ Effect: "Allow", Action: "kms:Decrypt", Resource: "*", Principal: "*" },
                Condition,
              }),
            ],
          ],
          /everybody/,
        ],
      ]),
    ),
    "whoever another provider vouches for": [
      [
        [
          "trust",
          "assumeRolePolicy",
          document({
            Effect: "Allow",
            Action: "sts:AssumeRoleWithWebIdentity",
            Principal: { Federated: "arn:aws:iam::1:oidc-provider/x" },
          }),
        ],
      ],
      /vouches for/,
    ],
    "a policy inside of a role": [
      [
        [
          "trust",
          "inlinePolicies",
          [{ policy: document({ Effect: "Allow", Action: "*", Resource: "a" }) }],
        ],
      ],
      /allows \*/,
    ],
    "a role's own list of policies": [
      [["trust", "managedPolicyArns", ["arn:aws:iam::aws:policy/AWSLambda_FullAccess"]]],
      /FullAccess/,
    ],
    "no document": [[["rights", "policy", "{"]], /no policy document/],
  },
  unknown: ["rights", "policy"],
});

test("a credential without an end is refused", async () => {
  const { violations } = await judge(leastIam, "aws:iam/accessKey:AccessKey", { user: "a" });
  expect(violations.join()).toMatch(/without an end/);
});
