/** AWS IAM: roles, policies, profiles, identity providers. Global: ARNs have no region. */
import { type Making, named, type ServiceTable, SIMULATED_TIME } from "../table.ts";

/** `/` or `/team/`, always with both slashes in an ARN. */
function pathOf(m: Making): string {
  return m.text("path") === "" ? "/" : m.text("path");
}

export const IAM: ServiceTable = {
  "aws:iam/role:Role": {
    source: "iam_role",
    replaces: "name namePrefix path",
    updates:
      "assumeRolePolicy description forceDetachPolicies inlinePolicies managedPolicyArns " +
      "maxSessionDuration permissionsBoundary",
    autoname: named(64),
    formats: { assumeRolePolicy: "json", permissionsBoundary: "arn" },
    ranges: { maxSessionDuration: [3600, 43200] },
    defaults: { forceDetachPolicies: false, maxSessionDuration: 3600, path: "/" },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.globalArn("iam", `role${pathOf(m)}${m.id}`),
      createDate: SIMULATED_TIME,
      uniqueId: `AROA${m.base36(17, "unique")}`,
    }),
  },
  "aws:iam/policy:Policy": {
    source: "iam_policy",
    replaces: "description name namePrefix path",
    updates: "delayAfterPolicyCreationInMs policy",
    autoname: named(128),
    formats: { policy: "json" },
    defaults: { path: "/" },
    id: (m) => m.globalArn("iam", `policy${pathOf(m)}${m.text("name")}`),
    computed: (m) => ({
      arn: m.id,
      attachmentCount: 0,
      policyId: `ANPA${m.base36(17, "unique")}`,
    }),
  },
  "aws:iam/rolePolicy:RolePolicy": {
    source: "iam_role_policy",
    replaces: "name namePrefix role",
    updates: "policy",
    autoname: named(128),
    formats: { policy: "json" },
    id: (m) => `${m.text("role")}:${m.text("name")}`,
    computed: () => ({}),
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    source: "iam_role_policy_attachment",
    replaces: "policyArn role",
    updates: "",
    formats: { policyArn: "arn" },
    id: (m) => `${m.text("role")}/${m.text("policyArn")}`,
    computed: () => ({}),
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    source: "iam_instance_profile",
    replaces: "name namePrefix path",
    updates: "role",
    autoname: named(128),
    defaults: { path: "/" },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.globalArn("iam", `instance-profile${pathOf(m)}${m.id}`),
      createDate: SIMULATED_TIME,
      uniqueId: `AIPA${m.base36(17, "unique")}`,
    }),
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    source: "iam_openid_connect_provider",
    replaces: "url",
    updates: "clientIdLists thumbprintLists",
    id: (m) => m.globalArn("iam", `oidc-provider/${m.text("url").replace(/^https:\/\//, "")}`),
    computed: (m) => ({ arn: m.id, thumbprintLists: [m.hex(40, "thumbprint")] }),
  },
};
