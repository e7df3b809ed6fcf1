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
      /c@site.example is security-admin and audit-admin/,
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
      /f1 is security-admin and audit-admin/,
    ],
    "what is no JSON": [[["keys", ["data", "keys.json"], "eA=="]], /no JSON/],
    "an empty file": [[["keys", ["data", "keys.json"], ""]], /no JSON/],
  },
  unknown: ["keys", ["data", "keys.json"]],
});
