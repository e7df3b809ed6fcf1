/** Weights come by the ways that are named; a site whose weights lie on volumes opens none. */
import { expect, test } from "vitest";
import { policiesOf } from "../flows.ts";
import { weightsFlows } from "./weights-flows.ts";

const WAYS = {
  namespace: "deepseek",
  programs: ["model-server", "model-worker"],
  podIdentity: true,
  ranges: ["10.0.0.0/16"],
  ports: [443],
};

test("each program may reach the agent, and the ranges on their ports", () => {
  const policies = policiesOf(["deepseek"], weightsFlows(WAYS), []);
  for (const program of WAYS.programs) {
    const spec = policies.find(({ name }) => name === `allow-${program}`)?.spec;
    expect(spec?.policyTypes).toEqual(["Egress"]);
    expect(spec?.egress).toEqual([
      {
        to: [{ ipBlock: { cidr: "169.254.170.23/32" } }, { ipBlock: { cidr: "fd00:ec2::23/128" } }],
        ports: [{ protocol: "TCP", port: 80 }],
      },
      { to: [{ ipBlock: { cidr: "10.0.0.0/16" } }], ports: [{ protocol: "TCP", port: 443 }] },
    ]);
  }
});

test("offline there is no way at all", () => {
  expect(weightsFlows({ ...WAYS, podIdentity: false, ranges: [] })).toEqual([]);
});
