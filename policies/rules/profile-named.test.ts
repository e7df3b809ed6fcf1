import { profileNamed } from "./profile-named.ts";
import { stackOf } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(profileNamed, {
  good: { stack: stackOf("cnGeneral") },
  passes: { "another profile": [["stack", "plan.profile", "gdpr"]] },
  fails: {
    "a profile that is none": [[["stack", "plan.profile", "cnEverything"]], /names no profile/],
    "a property of every object": [[["stack", "plan.profile", "constructor"]], /names no profile/],
    "no plan": [[["stack", "plan", undefined]], /names no profile/],
  },
  open: { "a stack of others": [["stack", "", undefined]] },
  unknown: ["stack", "plan.profile"],
});
