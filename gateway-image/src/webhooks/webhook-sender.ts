/**
 * Tells a webhook that a job has ended: once, signed, to an address outside of the site. A name
 * is looked up by the connection itself and every address it has is judged, so that none can lead
 * inside, not even one that changes between a check and a connection.
 */
import { createHmac } from "node:crypto";
import { lookup as lookUp } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Agent } from "undici";
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";

export type Told = "delivered" | "later" | "failed";

export interface WebhookCall {
  readonly url: string;
  readonly secret: string;
  readonly body: string;
}

export interface WebhookOptions {
  /** Hosts that may be called although they are inside of the site, also without TLS. */
  readonly allowedHosts: ReadonlySet<string>;
  readonly clock: Clock;
}

/** IANA's special-purpose addresses (RFC 6890 and later), and a cloud's metadata among them. */
const INSIDE = new BlockList();
for (const [address, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  INSIDE.addSubnet(address, prefix, "ipv4");
}
/** Of version 6 only what is routed in the Internet is outside: 2000::/3, less what is made of it. */
const OUTSIDE_6 = new BlockList();
OUTSIDE_6.addSubnet("2000::", 3, "ipv6");
const INSIDE_6 = new BlockList();
for (const [address, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  INSIDE_6.addSubnet(address, prefix, "ipv6");
}

export function isOutsideAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, "");
  const family = isIP(plain);
  if (family === 4) return !INSIDE.check(plain, "ipv4");
  return family === 6 && OUTSIDE_6.check(plain, "ipv6") && !INSIDE_6.check(plain, "ipv6");
}

export class WebhookSender {
  readonly #options: WebhookOptions;
  readonly #agent: Agent;

  constructor(options: WebhookOptions) {
    this.#options = options;
    const lookup: LookupFunction = (host, settings, found) => {
      lookUp(host, { ...settings, all: true }, (error, addresses) => {
        if (error !== null) return found(error, "", 0);
        const fit =
          this.#isAllowed(host) || addresses.every((one) => isOutsideAddress(one.address));
        const [first] = addresses;
        if (!fit || first === undefined) {
          return found(new Error("a webhook's name leads inside"), "", 0);
        }
        if (settings.all === true) return found(null, addresses);
        found(null, first.address, first.family);
      });
    };
    this.#agent = new Agent({
      connect: { lookup, timeout: limits.upstreamConnectTimeoutMs },
      headersTimeout: limits.webhookTimeoutMs,
      bodyTimeout: limits.webhookTimeoutMs,
      keepAliveTimeout: 1,
      // One answer's headers; a body is not read.
      maxHeaderSize: limits.headerBytesMax,
    });
  }

  /** Why it cannot be called; null: it can, as far as it can be seen without looking the name up. */
  fault(text: string): string | null {
    if (!URL.canParse(text)) return "must be a URL";
    const url = new URL(text);
    const allowed = this.#isAllowed(url.hostname);
    if (url.protocol !== "https:" && !(allowed && url.protocol === "http:")) return "must be https";
    if (url.username !== "" || url.password !== "") return "must hold no credential";
    const literal = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(literal) !== 0 && !allowed && !isOutsideAddress(literal)) return "leads inside";
    return null;
  }

  /** Never rejects. */
  async send({ url, secret, body }: WebhookCall): Promise<Told> {
    if (this.fault(url) !== null) return "failed";
    const timestamp = String(Math.floor(this.#options.clock.wallMs() / 1000));
    const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
    try {
      const { origin, pathname, search } = new URL(url);
      const answer = await this.#agent.request({
        origin,
        path: pathname + search,
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": "deepseek-private-service",
          "x-ds-timestamp": timestamp,
          "x-ds-signature": signature,
        },
        body,
        signal: AbortSignal.timeout(limits.webhookTimeoutMs),
      });
      await answer.body.dump({ limit: limits.errorBytesMax }).catch(() => {});
      if (answer.statusCode >= 200 && answer.statusCode < 300) return "delivered";
      // Redirects are not followed: they would lead where nobody has looked.
      const mayHelp = answer.statusCode >= 500 || [408, 409, 425, 429].includes(answer.statusCode);
      return mayHelp ? "later" : "failed";
    } catch {
      return "later";
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #isAllowed(host: string): boolean {
    return this.#options.allowedHosts.has(host.toLowerCase());
  }
}
