/**
 * Settings are taken whole or not at all: every fault at once, each with its path and what would be
 * right, and never a secret among them.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "./fault.ts";
import { parseSettings, renderFaults } from "./parse.ts";
import { asTexts, completeValues, type Values } from "./test-settings.ts";

let valid: Values;

beforeAll(async () => {
  valid = await completeValues();
});

/** The valid configuration with sections replaced, parsed. */
function parsed(changes: Values) {
  const values = Object.entries({ ...valid, ...changes }).filter(
    ([, value]) => value !== undefined,
  );
  return parseSettings(asTexts(Object.fromEntries(values)));
}

function faults(changes: Values): readonly Fault[] {
  const result = parsed(changes);
  return "faults" in result ? result.faults : [];
}

describe("a valid configuration", () => {
  test("is taken, with its defaults, and frozen", () => {
    const result = parsed({});
    expect("faults" in result ? result.faults : []).toEqual([]);
    if (!("settings" in result)) return;
    expect(result.settings.gateway).toMatchObject({ replicas: 2, longestStreamSeconds: 600 });
    expect(result.settings.models.map((model) => model.name)).toEqual([
      "deepseek-llm-7b-chat",
      "deepseek-coder-33b-instruct",
    ]);
    expect(Object.isFrozen(result.settings.edge.ports)).toBe(true);
  });

  test("leaves other namespaces alone", () => {
    expect(faults({ "kubernetes:context": "x", "aws:region": "eu-west-1" })).toEqual([]);
  });
});

describe("a fault", () => {
  test("is a cache that could take the room of quotas", () => {
    const cache = (entriesMax: number) => ({ "deepseek:gateway": { cache: { entriesMax } } });
    expect(faults(cache(900))).toEqual([]);
    expect(faults(cache(2_000))).toEqual([
      {
        path: "deepseek:gateway.cache.entriesMax",
        wrong: "2000, more than fits a third of redis.resources.memory",
        right: "at most 992",
      },
    ]);
    const redis = { resources: { memory: "2Gi" } };
    expect(faults({ ...cache(2_000), "deepseek:redis": redis })).toEqual([]);
  });

  test("of a mistyped namespace is told, and other providers' keys are left alone", () => {
    expect(faults({ "deepsek:limits": {}, "aws:region": "eu-central-1" })).toEqual([
      { path: "deepsek:limits", wrong: "unknown namespace", right: "deepseek:limits" },
    ]);
  });

  test("of an unknown key names the nearest known one", () => {
    expect(faults({ "deepseek:edge": { replica: 3 } })).toEqual([
      {
        path: "deepseek:edge.replica",
        wrong: 'unknown key; did you mean "replicas"?',
        right: expect.stringContaining("replicas, hosts, ports"),
      },
    ]);
    expect(faults({ "deepseek:gatway": {} })[0]?.wrong).toContain('"gateway"');
    const [deep] = faults({ "deepseek:edge": { ports: { tls: 30443 } } });
    expect(deep).toMatchObject({ path: "deepseek:edge.ports.tls", right: "one of https, http" });
  });

  test("of a wrong type or value says what is there and what would be right", () => {
    expect(faults({ "deepseek:gateway": { replicas: "two" } })).toEqual([
      {
        path: "deepseek:gateway.replicas",
        wrong: 'is "two"',
        right: "a whole number from 1 to 64",
      },
    ]);
    expect(faults({ "deepseek:redis": { resources: { memory: "1GB" } } })[0]).toMatchObject({
      path: "deepseek:redis.resources.memory",
      right: expect.stringContaining("512Mi"),
    });
    expect(faults({ "deepseek:models": [{ name: "m", contextTokensMax: 4096 }] })[0]).toMatchObject(
      {
        path: "deepseek:models[0].server",
        wrong: "missing",
      },
    );
    const server = { engine: "simulater" };
    const [engine] = faults({ "deepseek:models": [{ name: "m", contextTokensMax: 128, server }] });
    expect(engine).toMatchObject({
      path: "deepseek:models[0].server.engine",
      right: '"simulator"',
    });
  });

  test("does not hide another one", () => {
    const found = faults({
      "deepseek:edge": { replicas: 0, hosts: [] },
      "deepseek:gateway": { replicas: "two" },
      "deepseek:retention": { auditDays: 90 },
      "deepseek:colour": "red",
    });
    expect(found.map((fault) => fault.path).sort()).toEqual([
      "deepseek:colour",
      "deepseek:edge.hosts",
      "deepseek:edge.replicas",
      "deepseek:gateway.replicas",
      "deepseek:retention.auditDays",
    ]);
  });

  test("of a missing section and of plain text where an object belongs", () => {
    expect(faults({ "deepseek:cluster": undefined })[0]).toMatchObject({
      path: "deepseek:cluster",
      wrong: "missing",
    });
    expect(faults({ "deepseek:edge": "two pods" })[0]?.wrong).toBe("is plain text");
  });

  test("never shows a secret", () => {
    const secret = "-----BEGIN NOTHING----- hunter2";
    const names = { edge: { certificate: secret, key: secret } };
    const found = faults({ "deepseek:certificates": { ca: secret, names } });
    expect(found.length).toBeGreaterThan(2);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    const webhook = faults({ "deepseek:monitoring": { webhook: "http://hook/hunter2" } });
    expect(webhook[0]?.path).toBe("deepseek:monitoring.webhook");
    expect(JSON.stringify(webhook)).not.toContain("hunter2");
  });
});

describe("relations", () => {
  test("of alerts: a channel has what it is reached by, a name of its own, and a way out", () => {
    const channel = { name: "a", kind: "sms", severities: ["critical"] };
    const mail = { ...channel, kind: "email", url: "https://relay.example.org/" };
    const paths = (alerts: object) =>
      faults({ "deepseek:monitoring": { alerts } }).map(({ path }) => path);
    const own = "deepseek:monitoring.alerts";
    expect(paths({ channels: [channel, mail] }).sort()).toEqual([
      `${own}.channels[0].sms`,
      `${own}.channels[0].url`,
      `${own}.channels[1].email`,
      `${own}.channels[1].name`,
      `${own}.ranges`,
    ]);
    const told = { ...channel, relay: "foreign", url: "https://relay.example.org/hunter2" };
    expect(paths({ ranges: ["203.0.113.0/24"], channels: [told] })).toEqual([]);
    const wrong = faults({
      "deepseek:monitoring": { alerts: { channels: [{ ...told, url: "http://hunter2" }] } },
    });
    expect(JSON.stringify(wrong)).not.toContain("hunter2");
    expect(paths({ authority: "no certificate" })).toEqual([`${own}.authority`]);
  });

  test.each([
    ["a secret of a kind that has none", { kind: "wecom", secret: "hunter2-hunter2" }, "secret"],
    ["everybody, in WeCom", { kind: "wecom", mentions: ["wang", "@all"] }, "mentions[1]"],
    ["a name in DingTalk", { kind: "dingtalk", mentions: ["wang"] }, "mentions[0]"],
    ["a number in Feishu", { kind: "feishu", mentions: ["13800001111"] }, "mentions[0]"],
    ["a retired connector", { kind: "teams", url: "https://x.webhook.office.com/a" }, "url"],
    [
      "a text message that says nothing",
      { kind: "sms", sms: { to: ["1"], fields: { content: "hello" } } },
      "sms.fields",
    ],
    [
      "a form of text messages for tickets",
      { kind: "ticket", sms: { to: ["1"], fields: { a: "{text}" } } },
      "sms",
    ],
    [
      "what a foreign relay has itself",
      { kind: "ticket", relay: "foreign", ticketForm: "events" },
      "ticketForm",
    ],
    ["a relay before a mere webhook", { kind: "webhook", relay: "foreign" }, "relay"],
    ["a header of two lines", { kind: "ticket", authorization: "Bearer a\nX: y" }, "authorization"],
    ["a language that nobody wrote", { kind: "feishu", language: "fr" }, "language"],
  ])("of channels behind our relay: %s is refused", (_, change, at) => {
    const url = "https://robots.example.org/hunter2";
    const channel = { name: "a", severities: ["critical"], url, ...change };
    const alerts = { ranges: ["203.0.113.0/24"], channels: [channel] };
    const found = faults({ "deepseek:monitoring": { alerts } });
    const own = "deepseek:monitoring.alerts.channels[0]";
    expect(found.map(({ path }) => path)).toEqual([`${own}.${at}`]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });

  test("of word lists", () => {
    const list = { name: "a", words: ["x"], mode: "flag" };
    const at = (...wordLists: object[]) =>
      faults({ "deepseek:wordLists": wordLists }).map(({ path }) => path);
    expect(at(list, { ...list, name: "b" })).toEqual([]);
    expect(at(list, list)).toEqual(["deepseek:wordLists[1].name"]);
    expect(at({ ...list, words: ["x", "\u200b "] })).toEqual(["deepseek:wordLists[0].words[1]"]);
    const long = Array.from({ length: 10_000 }, (_, word) => `${word}`.padEnd(64, "x"));
    expect(at({ ...list, words: long })).toEqual(["deepseek:wordLists"]);
  });

  test("of models, identities, tiers and ports", () => {
    const server = { engine: "simulator" };
    const twins = ["v2.5", "v2-5"].map((name) => ({ name, contextTokensMax: 4096, server }));
    const found = faults({
      "deepseek:models": twins,
      "deepseek:identities": [
        { name: "a", tier: "gold", models: ["v3"] },
        { name: "a", models: ["v2.5"] },
      ],
      "deepseek:monitoring": { nodePort: 30443 },
    });
    expect(found.map((fault) => fault.path).sort()).toEqual([
      "deepseek:identities[0].models[0]",
      "deepseek:identities[0].tier",
      "deepseek:identities[1].name",
      "deepseek:models[1].name",
      "deepseek:monitoring.nodePort",
    ]);
  });

  test("of certificates: complete, readable, of one authority, for the edge's hosts", async () => {
    const other = (await completeValues())["deepseek:certificates"] as Certificates;
    const own = valid["deepseek:certificates"] as Certificates;
    const { redis: _left, ...without } = own.names;
    const certificates = { ca: own.ca, names: { ...without, gateway: other.names["gateway"] } };
    const found = faults({
      "deepseek:certificates": certificates,
      "deepseek:edge": { hosts: ["localhost", "api.example.org"] },
    });
    expect(found.map(({ path, wrong }) => `${path} ${wrong}`).sort()).toEqual([
      "deepseek:certificates.names.edge.certificate does not carry api.example.org, which edge.hosts names",
      "deepseek:certificates.names.gateway.certificate was not issued by ca",
      'deepseek:certificates.names.redis missing, and tls.mode is "given"',
    ]);
  });

  test("of authorities of callers that are no certificates", () => {
    const text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const edge = { ...(valid["deepseek:edge"] as Values), clientAuthorities: text };
    expect(faults({ "deepseek:edge": edge })).toMatchObject([
      { path: "deepseek:edge.clientAuthorities", wrong: "cannot be read" },
    ]);
  });

  test("cert-manager needs an issuer, and no certificates", () => {
    const { ca } = valid["deepseek:certificates"] as Certificates;
    const changes = { "deepseek:certificates": { ca }, "deepseek:tls": { mode: "certManager" } };
    expect(faults(changes).map((fault) => fault.path)).toEqual(["deepseek:tls.issuer"]);
  });
});

interface Certificates {
  readonly ca: string;
  readonly names: Readonly<Record<string, unknown>>;
}

describe("any change for the worse", () => {
  test("gives a fault with a path below the changed section", () => {
    const sections = () => Object.keys(valid).filter((key) => key !== "deepseek:environment");
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom(...BREAKAGES), (pick, place, breakage) => {
        const keys = sections();
        const key = keys[pick % keys.length] ?? "";
        const broken = structuredClone(valid[key]);
        const spots = spotsOf(broken);
        const spot = spots[place % spots.length];
        if (spot === undefined) return;
        breakage(spot.holder, spot.key);
        const found = faults({ [key]: broken });
        expect(found.length).toBeGreaterThan(0);
        for (const fault of found) {
          expect(fault.path).toMatch(/^deepseek:[a-zA-Z]+/);
          expect(fault.right.length).toBeGreaterThan(0);
        }
        expect(found.some((fault) => fault.path.startsWith(key))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

interface Spot {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every member of every object inside, in order. */
function spotsOf(value: unknown): Spot[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  const own = Array.isArray(value) ? [] : Object.keys(holder).map((key) => ({ holder, key }));
  return [...own, ...Object.values(holder).flatMap(spotsOf)];
}

/** No setting is a date, nor nothing but blanks, nor has a key like this one. */
const BREAKAGES: readonly ((holder: Record<string, unknown>, key: string) => void)[] = [
  (holder, key) => {
    holder[key] = { "not a setting": 1 };
  },
  (holder, key) => {
    holder[key] = true;
  },
  (holder, key) => {
    holder[key] = -7.5;
  },
  (holder) => {
    holder["not a setting"] = 1;
  },
];

describe("the screen", () => {
  test("begins with the line the command line looks for", () => {
    const text = renderFaults("local", faults({ "deepseek:edge": { replica: 3, hosts: [] } }));
    expect(text.split("\n")[0]).toBe("Configuration of stack local has 2 faults:");
    expect(text).toContain("  deepseek:edge.hosts\n    is []\n    right: a list with at least");
    expect(renderFaults("x", faults({ "deepseek:colour": "red" }))).toContain("has 1 fault:");
  });
});
