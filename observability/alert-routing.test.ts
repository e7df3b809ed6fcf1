/** Whoever must be told is told, whatever the hour; who need not be is left alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { alertRouting, type Channel, type ChannelKind, RELAYED } from "./alert-routing.ts";
import { ALERTS } from "./rules.ts";

const SEVERITIES = ["critical", "error", "warning", "info"] as const;
const quietHours = { from: "22:00", to: "07:00", weekends: true, timeZone: "Asia/Shanghai" };
const url = "https://relay.example.org/x";

interface Route {
  readonly matchers: readonly string[];
  readonly receiver: string;
  readonly continue?: boolean;
  readonly mute_time_intervals?: readonly string[];
}

describe("routing", () => {
  test("without a channel nobody is told, and the file is still one", () => {
    const { route, receivers } = parse(alertRouting({ channels: [] }));
    expect(route.receiver).toBe("nobody");
    expect(receivers).toEqual([{ name: "nobody" }]);
    expect(route.routes).toMatchObject([{ matchers: ['alertname = "Watchdog"'] }]);
  });

  test("the heartbeat goes out first, every minute, and to its own address alone", () => {
    const channels: Channel[] = [{ name: "all", kind: "webhook", severities: SEVERITIES, url }];
    const { route, receivers } = parse(alertRouting({ channels, heartbeat: "https://beat/x" }));
    expect(route.routes[0]).toMatchObject({ receiver: "heartbeat", repeat_interval: "1m" });
    expect(route.routes[0]).not.toHaveProperty("continue");
    const beat = receivers.find(({ name }: { name: string }) => name === "heartbeat");
    expect(beat.webhook_configs).toEqual([{ url: "https://beat/x", send_resolved: false }]);
  });

  test("a house's own authority vouches for every channel and the heartbeat, in each one's form", () => {
    const email = { to: "a@x.org", from: "b@x.org", server: "mail:587" };
    const kinds = ["email", "slack", "pagerduty", ...RELAYED] as const;
    const channels = kinds.map((kind) => ({
      ...{ name: kind, kind, severities: SEVERITIES, url, routingKey: "0123", email },
    }));
    const told = { channels, heartbeat: "https://beat/x", authorityFile: "/etc/x.pem" };
    const { receivers } = parse(alertRouting(told));
    const trusted = { tls_config: { ca_file: "/etc/x.pem" } };
    for (const { name, ...configs } of receivers.slice(1)) {
      const [[config]] = Object.values(configs) as [[object]];
      expect(config, name).toMatchObject(name === "email" ? trusted : { http_config: trusted });
    }
    expect(receivers).toHaveLength(kinds.length + 2);
    const own = parse(alertRouting({ channels })).receivers;
    expect(JSON.stringify(own)).not.toContain("ca_file");
    expect(own.find(({ name }: { name: string }) => name === "pagerduty")).toMatchObject({
      pagerduty_configs: [{ url }],
    });
  });

  test("property: every channel gets each of its severities, and critical is never held back", () => {
    const channel = fc.record({
      name: fc.string({ minLength: 1, maxLength: 5, unit: fc.constantFrom("a", "b", "c") }),
      kind: fc.constantFrom(...RELAYED),
      severities: fc.uniqueArray(fc.constantFrom(...SEVERITIES), { minLength: 1 }),
      quiet: fc.boolean(),
      tenant: fc.option(fc.constantFrom("bank", "house"), { nil: undefined }),
      site: fc.option(fc.constantFrom("primary"), { nil: undefined }),
      url: fc.constant(url),
    });
    fc.assert(
      fc.property(fc.array(channel, { maxLength: 6 }), fc.boolean(), (channels, hours) => {
        const text = alertRouting({ channels, quietHours: hours ? quietHours : undefined });
        const routes = parse(text).route.routes.slice(1) as Route[];
        const wanted = channels.flatMap((one) =>
          one.severities.map((severity) => [one, severity] as const),
        );
        expect(routes).toHaveLength(wanted.length);
        for (const [index, [{ name, tenant, site, quiet }, severity]] of wanted.entries()) {
          const found = routes[index];
          expect(found).toMatchObject({ receiver: name, continue: true });
          const narrowed = [tenant, site].filter((value) => value !== undefined).length;
          expect(found?.matchers).toHaveLength(1 + narrowed);
          expect(found?.matchers[0]).toBe(`severity = "${severity}"`);
          const muted = quiet && hours && severity !== "critical";
          expect(found?.mute_time_intervals).toEqual(muted ? ["quiet-hours"] : undefined);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("quiet hours over midnight are two spans, and weekends are quiet as a whole", () => {
    const { time_intervals } = parse(alertRouting({ channels: [], quietHours }));
    expect(time_intervals[0].time_intervals).toEqual([
      {
        times: [
          { start_time: "22:00", end_time: "24:00" },
          { start_time: "00:00", end_time: "07:00" },
        ],
        location: "Asia/Shanghai",
      },
      { weekdays: ["saturday", "sunday"], location: "Asia/Shanghai" },
    ]);
    const noon = parse(
      alertRouting({
        channels: [],
        quietHours: { ...quietHours, from: "12:00", to: "14:00", weekends: false },
      }),
    );
    expect(noon.time_intervals[0].time_intervals).toHaveLength(1);
    expect(noon.time_intervals[0].time_intervals[0].times).toHaveLength(1);
  });

  test("a milder alert is silenced by a graver one of its own subject, never by another's", () => {
    const { inhibit_rules } = parse(alertRouting({ channels: [] }));
    for (const rule of inhibit_rules.slice(0, 2)) {
      expect(rule.equal).toEqual(expect.arrayContaining(["site", "subject", "instance"]));
      expect(rule.target_matchers.join()).not.toMatch(/critical/);
    }
    // Watchdog is info: no alert may share its subject and be graver, or the heartbeat would stop.
    const graver = ALERTS.filter(
      ({ subject, severity }) => subject === "heartbeat" && severity !== "info",
    );
    expect(graver).toEqual([]);
    expect(ALERTS.find(({ alert }) => alert === "Watchdog")?.subject).toBe("heartbeat");
  });

  test.each(["email", "slack", "pagerduty", "sms"] satisfies ChannelKind[])(
    "a channel of kind %s that lacks what it needs is our mistake",
    (kind) => {
      const channels = [{ name: "a", kind, severities: SEVERITIES }];
      expect(() => alertRouting({ channels })).toThrow(/without what it needs/);
    },
  );
});
