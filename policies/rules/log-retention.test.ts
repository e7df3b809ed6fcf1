import { logRetention } from "./log-retention.ts";
import { stackOf } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(logRetention, {
  good: {
    stack: stackOf("gdpr"),
    logs: { type: "aws:cloudwatch/logGroup:LogGroup", props: { retentionInDays: 400 } },
  },
  fails: {
    "a month": [[["logs", "retentionInDays", 30]], /asks for 90/],
    "90 days in China": [
      [
        ["stack", "plan.profile", "cnGeneral"],
        ["logs", "retentionInDays", 90],
      ],
      /asks for 184/,
    ],
    "180 days in China, which is less than six months": [
      [
        ["stack", "plan.profile", "cnGeneral"],
        ["logs", "retentionInDays", 180],
      ],
      /asks for 184/,
    ],
    "a year for a bank, less a day": [
      [
        ["stack", "plan.profile", "cnBank"],
        ["logs", "retentionInDays", 365],
      ],
      /asks for 366/,
    ],
    "for ever": [[["logs", "retentionInDays", 0]], /for ever/],
    "no word": [[["logs", "retentionInDays", undefined]], /for ever/],
    "longer than a ceiling": [[["logs", "retentionInDays", 3653]], /allows 1461/],
    "no profile": [[["stack", "plan", undefined]], /names no profile/],
  },
  unknown: ["logs", "retentionInDays"],
});
