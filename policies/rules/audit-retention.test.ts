import { auditRetention } from "./audit-retention.ts";
import { DEPLOYMENT, deployment, gateway, stackOf } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(auditRetention, {
  good: {
    stack: stackOf("cnBank"),
    gateway: {
      type: DEPLOYMENT,
      props: deployment({ containers: [gateway({ GW_AUDIT_RETENTION_DAYS: "1830" })] }),
    },
    lock: {
      type: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
      props: { rule: { defaultRetention: { days: 366 } } },
    },
  },
  passes: {
    years: [["lock", "rule.defaultRetention", { years: 6 }]],
  },
  fails: {
    "a day less than a bank's year": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env",
          [{ name: "GW_AUDIT_RETENTION_DAYS", value: "365" }],
        ],
      ],
      /365 days; profile cnBank asks for 366/,
    ],
    "180 days": [
      [
        ["stack", "plan.profile", "cnGeneral"],
        ["lock", "rule.defaultRetention.days", 180],
      ],
      /asks for 184/,
    ],
    "less than six years": [[["stack", "plan.profile", "usHospital"]], /asks for 2192/],
    "longer than a ceiling": [[["stack", "plan.profile", "gdpr"]], /allows 1461/],
    "no number": [[["gateway", "spec.template.spec.containers.0.env", []]], /nobody says/],
    "a word for a number": [
      [
        [
          "gateway",
          "spec.template.spec.containers.0.env",
          [{ name: "GW_AUDIT_RETENTION_DAYS", value: "long" }],
        ],
      ],
      /nobody says/,
    ],
    "a lock without a time": [[["lock", "rule", {}]], /nobody says/],
    "no profile": [[["stack", "plan", {}]], /names no profile/],
  },
  unknown: ["gateway", "spec.template.spec.containers.0.env.0.value"],
});
