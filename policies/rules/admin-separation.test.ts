import { adminSeparation } from "./admin-separation.ts";
import { judgedByTable } from "./test-table.ts";

const encoded = (document: object) => Buffer.from(JSON.stringify(document)).toString("base64");

judgedByTable(adminSeparation, {
  good: {
    keys: {
      type: "kubernetes:core/v1:Secret",
      props: {
        kind: "Secret",
        metadata: { name: "keys" },
        data: {
          "keys.json": encoded({
            keys: [
              { id: "a", roles: ["system-admin"] },
              { id: "b", roles: ["audit-admin"] },
            ],
          }),
        },
      },
    },
    other: {
      type: "kubernetes:core/v1:Secret",
      props: {
        ...{ kind: "Secret", metadata: { name: "other" } },
        data: { "directory.json": encoded({ principals: [{ id: "b", roles: ["audit-admin"] }] }) },
      },
    },
    map: { type: "kubernetes:core/v1:ConfigMap", props: { metadata: { name: "map" }, data: {} } },
  },
  passes: {
    "keys without roles": [["keys", ["data", "keys.json"], encoded({ keys: [{ id: "a" }] })]],
  },
  fails: {
    "one who runs and audits": [
      [
        [
          "keys",
          ["data", "keys.json"],
          encoded({ keys: [{ id: "a", roles: ["system-admin", "audit-admin"] }] }),
        ],
      ],
      /a is system-admin and audit-admin/,
    ],
    "one who is all three": [
      [
        [
          "keys",
          ["data", "keys.json"],
          encoded({
            principals: [{ id: "a", roles: ["system-admin", "security-admin", "audit-admin"] }],
          }),
        ],
      ],
      /security-admin/,
    ],
    "one who is listed twice": [
      [
        [
          "keys",
          ["data", "keys.json"],
          encoded({
            keys: [
              { id: "a", roles: ["system-admin"] },
              { id: "a", roles: ["audit-admin"] },
            ],
          }),
        ],
      ],
      /a is system-admin and audit-admin/,
    ],
    "one with a key here and a role in another file": [
      [
        [
          "keys",
          ["data", "directory.json"],
          encoded({ principals: [{ id: "A", roles: ["security-admin"] }] }),
        ],
      ],
      /a is system-admin and security-admin/,
    ],
    "one address under two names": [
      [
        [
          "keys",
          ["data", "directory.json"],
          encoded({
            principals: [
              { id: "c", email: "c@site.example", roles: ["security-admin"] },
              { id: "d", email: "C@site.example", roles: ["audit-admin"] },
            ],
          }),
        ],
      ],
      /c is security-admin and audit-admin/,
    ],
    "one certificate under two names": [
      [
        [
          "keys",
          ["data", "directory.json"],
          encoded({
            principals: [
              { id: "c", certificates: ["f1"], roles: ["security-admin"] },
              { id: "d", certificates: ["f1"], roles: ["audit-admin"] },
            ],
          }),
        ],
      ],
      /c is security-admin and audit-admin/,
    ],
    "one key in two Secrets": [
      [
        [
          "other",
          ["data", "directory.json"],
          encoded({
            principals: [
              { id: "c", roles: ["security-admin"] },
              { id: "d", roles: ["audit-admin"] },
            ],
            apiKeys: [{ id: "k1", principal: "c", sha256: "f00d" }],
          }),
        ],
        [
          "keys",
          ["data", "staff.json"],
          encoded({ apiKeys: [{ id: "k2", principal: "d", sha256: "F00D" }] }),
        ],
      ],
      /Secret keys: d is security-admin and audit-admin/,
    ],
    "one account elsewhere in two Secrets": [
      [
        [
          "other",
          ["data", "directory.json"],
          encoded({ principals: [{ id: "c", oidcSubjects: ["i#1"], roles: ["system-admin"] }] }),
        ],
        [
          "keys",
          ["data", "directory.json"],
          encoded({ principals: [{ id: "d", oidcSubjects: ["i#1"], roles: ["audit-admin"] }] }),
        ],
      ],
      /Secret other: c is system-admin and audit-admin/,
    ],
    "one who is known by another in between": [
      [
        [
          "other",
          ["data", "directory.json"],
          encoded({
            principals: [
              { id: "c", email: "c@site.example", roles: ["system-admin"] },
              { id: "d", certificates: ["f1"], roles: ["audit-admin"] },
              { id: "e", email: "c@site.example", certificates: ["f1"] },
            ],
          }),
        ],
      ],
      /c is system-admin and audit-admin/,
    ],
    "a role that has two rights": [
      [
        [
          "other",
          ["data", "directory.json"],
          encoded({ roles: [{ id: "ops", permissions: ["admin:system", "admin:audit"] }] }),
        ],
      ],
      /role ops is system-admin and audit-admin. Split it/,
    ],
    "roles of other names": [
      [
        [
          "other",
          ["data", "directory.json"],
          encoded({
            roles: [{ id: "ops", permissions: ["admin:system"] }],
            principals: [{ id: "b", roles: ["ops"] }],
          }),
        ],
      ],
      /b is system-admin and audit-admin/,
    ],
    "principals in a ConfigMap": [
      [
        [
          "map",
          ["data", "people.json"],
          JSON.stringify({ principals: [{ id: "a", roles: ["security-admin"] }] }),
        ],
      ],
      /ConfigMap map: a is system-admin and security-admin/,
    ],
    "what is no JSON": [[["keys", ["data", "keys.json"], "eA=="]], /no JSON/],
    "an empty file": [[["keys", ["data", "keys.json"], ""]], /no JSON/],
  },
  unknown: ["keys", ["data", "keys.json"]],
});
