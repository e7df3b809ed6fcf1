import { quotasEnforced } from "./quotas-enforced.ts";
import { judgedByTable } from "./test-table.ts";

const tiers = (document: object) => JSON.stringify({ tiers: document });

judgedByTable(quotasEnforced, {
  good: {
    tiers: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        data: { "tiers.json": tiers({ standard: { requestsPerMinute: 600, concurrency: 50 } }) },
      },
    },
  },
  fails: {
    "calls without end": [
      [["tiers", ["data", "tiers.json"], tiers({ a: { concurrency: 1 } })]],
      /without end/,
    ],
    "calls at once without end": [
      [["tiers", ["data", "tiers.json"], tiers({ a: { tokensPerMinute: 1 } })]],
      /at once/,
    ],
    "a limit of zero, which is none": [
      [["tiers", ["data", "tiers.json"], tiers({ a: { requestsPerDay: 0, concurrency: 1 } })]],
      /without end/,
    ],
    "one tier of two": [
      [
        [
          "tiers",
          ["data", "tiers.json"],
          tiers({ a: { requestsPerDay: 1, concurrency: 1 }, b: {} }),
        ],
      ],
      /tier b/,
    ],
    "no tier": [[["tiers", ["data", "tiers.json"], tiers({})]], /names no tier/],
    "no JSON": [[["tiers", ["data", "tiers.json"], "{"]], /names no tier/],
  },
  unknown: ["tiers", ["data", "tiers.json"]],
});
