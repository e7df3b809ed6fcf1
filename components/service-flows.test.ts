/** The table of flows for each shape of the stores: what is needed, and nothing that was for another. */
import { describe, expect, test } from "vitest";
import { type FlowPlaces, serviceFlows } from "./service-flows.ts";

const PLACES: FlowPlaces = {
  service: "deepseek",
  monitoring: "monitoring",
  callerRanges: ["0.0.0.0/0"],
  outside: { ranges: [], ports: [] },
};

function written(change: Partial<FlowPlaces>): string[] {
  const side = (end: object) =>
    "program" in end ? String(Reflect.get(end, "program")) : String(Reflect.get(end, "ranges"));
  return serviceFlows({ ...PLACES, ...change }).map(
    ({ from, to, ports }) => `${side(from)} > ${side(to)} ${ports.join(",")}`,
  );
}

const plain = written({});

/** What a change opens, and what it closes. */
function difference(change: Partial<FlowPlaces>) {
  const changed = written(change);
  return {
    opened: changed.filter((flow) => !plain.includes(flow)),
    closed: plain.filter((flow) => !changed.includes(flow)),
  };
}

test("an archive opens the gateway's way to it, and to the agent that says who it is", () => {
  const to = { ranges: ["10.0.0.32/28"], except: [], ports: [9_000] };
  expect(difference({ archive: { ...to, podIdentity: false } })).toEqual({
    opened: ["gateway > 10.0.0.32/28 9000"],
    closed: [],
  });
  expect(difference({ archive: { ...to, podIdentity: true } }).opened).toEqual([
    "gateway > 169.254.170.23/32,fd00:ec2::23/128 80",
    "gateway > 10.0.0.32/28 9000",
  ]);
});

describe("a shape of the stores", () => {
  test("of one pod each opens one port to the gateway", () => {
    expect(plain.filter((flow) => flow.startsWith("gateway > "))).toEqual([
      "gateway > redis 6379",
      "gateway > postgres 5432",
      "gateway > model-server 8000",
    ]);
  });

  test("with a replicated Redis opens members to each other, and sentinels to the gateway", () => {
    expect(difference({ redisReplicated: true })).toEqual({
      opened: ["gateway > redis 6379,26379", "redis > redis 6379,26379"],
      closed: ["gateway > redis 6379"],
    });
  });

  test("with another site's Redis opens the one way that it is followed", () => {
    expect(difference({ redisLink: { followers: ["192.0.2.0/28"] } })).toEqual({
      opened: ["192.0.2.0/28 > redis 6379"],
      closed: [],
    });
    const followed = { ranges: ["192.0.2.1/32"], port: 30_379 };
    expect(difference({ redisLink: { followers: [], followed } })).toEqual({
      opened: ["redis > 192.0.2.1/32 30379"],
      closed: [],
    });
  });

  test("with CloudNativePG opens its pods to the operator and the API server, and closes what was our own pod's", () => {
    const postgresCluster = {
      cluster: "ledger",
      operatorNamespace: "cnpg-system",
      apiServer: { ranges: ["10.0.0.1/32"], ports: [6443] },
      store: { ranges: ["10.9.0.0/24"], ports: [443] },
      other: { ranges: ["192.0.2.2/32"], ports: [5432] },
      clientRanges: ["192.0.2.2/32"],
    };
    expect(difference({ postgresCluster })).toEqual({
      opened: [
        "gateway > ledger 5432",
        "192.0.2.2/32 > ledger 5432",
        "ledger > ledger 5432,8000",
        "cloudnative-pg > ledger 5432,8000",
        "ledger > 10.0.0.1/32 6443",
        "ledger > 10.9.0.0/24 443",
        "ledger > 192.0.2.2/32 5432",
        "prometheus > ledger 9187",
      ],
      closed: ["gateway > postgres 5432", "prometheus > postgres 9187"],
    });
  });

  test("opens the API server to gateways only where they make Jobs", () => {
    expect(plain.join("\n")).not.toContain("6443");
    expect(difference({ apiServer: { ranges: ["10.0.0.1/32"], ports: [6443] } }).opened).toEqual([
      "gateway > 10.0.0.1/32 6443",
    ]);
  });
});
