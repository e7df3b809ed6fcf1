/**
 * From what a request presents to who calls. One kind of credential a request: two of them are
 * refused, because guessing which one counts is how one caller acts as another.
 */
import { timingSafeEqual, X509Certificate } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { hashApiKey, isWellFormed } from "../base/api-key.ts";
import type { Clock } from "../base/clock.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import type { Caller } from "../directory/caller.ts";
import { endOf } from "../directory/credential-end.ts";
import type { Directory } from "../directory/directory.ts";
import type { AccessKey, ApiKey, Principal } from "../directory/entities.ts";
import {
  type Origin,
  type PresentedCredential,
  resolveCaller,
} from "../directory/resolve-caller.ts";
import { GatewayError } from "../errors.ts";
import type { SharedStore } from "../stores/shared-store.ts";
import { NO_SECRET, openSecret } from "./access-key.ts";
import { isAdministrator } from "./administrators.ts";
import type { OutsideTokens } from "./outside-tokens.ts";
import {
  isSignature,
  NONCE_TTL_MS,
  readSignedHeaders,
  type SignedCall,
  type SignedHeaders,
  SKEW_MS,
  timestampMs,
} from "./signature.ts";
import { proofOf, type TokenClaims, type Tokens } from "./tokens.ts";

export interface IdentityParts {
  readonly directory: Directory;
  readonly shared: SharedStore;
  readonly clock: Clock;
  /** null: no tokens of our own. */
  readonly tokens: Tokens | null;
  /** null: no outside issuer is trusted. */
  readonly outside: OutsideTokens | null;
  /** null: no signed calls, because their secrets cannot be kept. */
  readonly box: () => SealedBox | null;
  /** Administrators need an authenticator. */
  readonly adminTotp: boolean;
  /** null: no client certificates. */
  readonly edge: EdgeTrust | null;
}

/** Only the edge may speak of client certificates, and it proves that it is the edge. */
export interface EdgeTrust {
  /** Header with the certificate, PEM, URL-encoded as nginx does. */
  readonly header: string;
  readonly token: () => string;
}

/** Who had a call accepted, and by which credential. */
export type CredentialOwner = Pick<Caller, "principal" | "credential" | "method">;

export type Identified = { readonly caller: Caller } | { readonly signed: SignedHeaders };

const EDGE_TOKEN_HEADER = "x-edge-token";
/** Begins the name of such a token; one that was given for an access key has that one's. */
const OF_A_PASSWORD = "jwt:";
/** For so long not every gateway may know yet what a token was given for. */
const LATELY_MS = 5_000;

export class Identity {
  readonly #parts: IdentityParts;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  async identify(headers: IncomingHttpHeaders, from: Origin): Promise<Identified> {
    const bearer = bearerOf(headers.authorization);
    const apiKey = headers["x-api-key"];
    const signed = readSignedHeaders(headers);
    const explicit = [bearer !== null, apiKey !== undefined && apiKey !== "", signed !== null];
    if (explicit.filter(Boolean).length > 1) throw new GatewayError("ambiguous_credentials");
    if (signed === "malformed") throw new GatewayError("invalid_signature");
    if (signed !== null) {
      this.#checkTime(signed);
      return { signed };
    }
    const presented = bearer?.startsWith("sk-") ? bearer : apiKey;
    if (typeof presented === "string" && presented !== "") {
      const key = this.#apiKeyOf(presented) ?? (await this.#newApiKeyOf(presented));
      return { caller: this.#byApiKey(key, from) };
    }
    if (bearer !== null) return { caller: await this.#byToken(bearer, from) };
    const certificate = this.#certificateOf(headers);
    if (certificate === null) throw new GatewayError("missing_api_key");
    return { caller: this.#byCertificate(certificate, from) };
  }

  /** The same answer for an unknown access key and a wrong signature. */
  async verify(
    signed: SignedHeaders,
    call: Pick<SignedCall, "method" | "path" | "body">,
    from: Origin,
  ): Promise<Caller> {
    const { directory } = this.#parts;
    if (directory.accessKey(signed.accessKey) === undefined) await directory.lookAgain();
    const key = directory.accessKey(signed.accessKey);
    const secret = this.#secretOf(key);
    const { timestamp, nonce, signature } = signed;
    const genuine = isSignature(
      secret ?? NO_SECRET,
      { ...call, timestamp, nonce: nonce ?? "" },
      signature,
    );
    if (key === undefined || secret === null || !genuine) {
      throw new GatewayError("invalid_signature");
    }
    if (nonce === null && key.nonce === "required") {
      throw new GatewayError("invalid_signature", { message: "X-DS-Nonce is missing." });
    }
    this.#checkExpiry(key);
    const caller = this.#resolve({ ...credentialOf(key), method: "hmac" }, from);
    // Last, so that only what was genuine and allowed uses up its nonce.
    await this.#claim(`nonce:${key.accessKey}:${nonce ?? signature}`);
    return caller;
  }

  /** Whose call was accepted earlier: its credential must still be good, and its owner's rights count now. */
  lookUpOwner({ credential, method, principal }: CredentialOwner, from: Origin): Caller {
    const { directory } = this.#parts;
    if (method === "api_key" || method === "hmac") {
      const kind = method === "hmac" ? "accessKey" : "apiKey";
      const key = directory.get(kind, credential)?.entity;
      if (key === undefined || key.principal !== principal) {
        throw new GatewayError(method === "hmac" ? "invalid_signature" : "invalid_api_key");
      }
      this.#checkExpiry(key);
      return this.#resolve({ ...credentialOf(key), method }, from);
    }
    const owner = directory.get("principal", principal)?.entity;
    if (owner === undefined) throw new GatewayError("invalid_token");
    if (method !== "jwt" || credential.startsWith(OF_A_PASSWORD)) {
      return this.#resolve(unlimited(owner, { id: credential, method }), from);
    }
    const key = directory.get("accessKey", credential)?.entity;
    if (key?.principal !== principal) throw new GatewayError("invalid_token");
    this.#checkExpiry(key);
    return this.#resolve(throughToken(key), from);
  }

  /** A signature proves the request that opened a connection; for its calls the key must still be good. */
  lookUpAgain({ accessKey }: SignedHeaders, from: Origin): Caller {
    const key = this.#parts.directory.accessKey(accessKey);
    if (key === undefined) throw new GatewayError("invalid_signature");
    this.#checkExpiry(key);
    return this.#resolve({ ...credentialOf(key), method: "hmac" }, from);
  }

  #secretOf(key: AccessKey | undefined): Buffer | null {
    const box = this.#parts.box();
    if (key === undefined || box === null) return null;
    return openSecret(box, key.accessKey, key.sealedSecret);
  }

  async #claim(key: string): Promise<void> {
    const first = await this.#parts.shared.claim(key, NONCE_TTL_MS).catch((cause: unknown) => {
      throw new GatewayError("identity_unavailable", { cause });
    });
    if (!first) throw new GatewayError("signature_repeated");
  }

  #checkTime({ timestamp }: SignedHeaders): void {
    const at = timestampMs(timestamp);
    if (at === null || Math.abs(at - this.#parts.clock.wallMs()) > SKEW_MS) {
      throw new GatewayError("timestamp_out_of_range");
    }
  }

  #byApiKey(key: ApiKey | undefined, from: Origin): Caller {
    if (key === undefined) throw new GatewayError("invalid_api_key");
    this.#checkExpiry(key);
    return this.#resolve({ ...credentialOf(key), method: "api_key" }, from);
  }

  /** undefined: nobody's, or made by way of another gateway a moment ago. */
  #apiKeyOf(presented: string): ApiKey | undefined {
    // The checksum spares the lookup of what was never a key of ours.
    if (!isWellFormed(presented)) return undefined;
    const hash = hashApiKey(presented);
    const key = this.#parts.directory.apiKeyByHash(hash);
    // The map compares hashes, not keys, so its timing tells nothing about a key; the last word
    // is constant-time all the same.
    return key !== undefined && isSame(key.sha256, hash) ? key : undefined;
  }

  async #newApiKeyOf(presented: string): Promise<ApiKey | undefined> {
    if (isWellFormed(presented)) await this.#parts.directory.lookAgain();
    return this.#apiKeyOf(presented);
  }

  async #byToken(token: string, from: Origin): Promise<Caller> {
    const { tokens, outside, directory } = this.#parts;
    const claims = await tokens?.read(token);
    if (claims === "expired") throw new GatewayError("expired_token");
    if (claims === null || claims === undefined) {
      const principal = (await outside?.read(token)) ?? null;
      if (principal === "expired") throw new GatewayError("expired_token");
      if (principal === null) throw new GatewayError("invalid_token");
      const credential = { id: `oidc:${principal.id}`, method: "oidc" as const };
      return this.#resolve(unlimited(principal, credential), from);
    }
    let holder = this.#holderOf(claims);
    // It may be given for a password that another gateway changed a moment ago.
    if (holder === null && claims.issuedMs > this.#parts.clock.wallMs() - LATELY_MS) {
      await directory.lookAgain();
      holder = this.#holderOf(claims);
    }
    if (holder === null) throw new GatewayError("invalid_token");
    return this.#resolve(holder, from);
  }

  /** A token lives as long as the password or the access key that it was given for. */
  #holderOf(claims: TokenClaims): PresentedCredential | null {
    const { directory } = this.#parts;
    const principal = directory.get("principal", claims.principal)?.entity;
    if (principal === undefined) return null;
    const proves = (stored: string | undefined) =>
      stored !== undefined && isSame(proofOf(stored), claims.proof);
    if (proves(principal.passwordHash)) {
      return unlimited(principal, { id: `${OF_A_PASSWORD}${claims.id}`, method: "jwt" });
    }
    const key = directory
      .list("accessKey")
      .map(({ entity }) => entity)
      .find((one) => one.principal === principal.id && proves(one.sealedSecret));
    if (key === undefined || key.disabled || this.#hasEnded(key)) return null;
    return throughToken(key);
  }

  #certificateOf(headers: IncomingHttpHeaders): string | null {
    const { edge } = this.#parts;
    if (edge === null) return null;
    const encoded = headers[edge.header];
    const token = headers[EDGE_TOKEN_HEADER];
    if (typeof encoded !== "string" || encoded === "" || typeof token !== "string") return null;
    return isSame(token, edge.token()) ? encoded : null;
  }

  #byCertificate(encoded: string, from: Origin): Caller {
    const certificate = parseCertificate(encoded);
    const now = this.#parts.clock.wallMs();
    if (
      certificate === null ||
      now < Date.parse(certificate.validFrom) ||
      now > Date.parse(certificate.validTo)
    ) {
      throw new GatewayError("invalid_certificate");
    }
    const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    for (const identity of [fingerprint, ...alternativeNames(certificate)]) {
      const principal = this.#parts.directory.principalByCertificate(identity);
      if (principal === undefined) continue;
      const credential = { id: `cert:${fingerprint.slice(0, 16)}`, method: "certificate" as const };
      return this.#resolve(unlimited(principal, credential), from);
    }
    throw new GatewayError("invalid_certificate");
  }

  #checkExpiry(key: ApiKey | AccessKey): void {
    if (this.#hasEnded(key)) throw new GatewayError("expired_api_key");
    if (key.disabled) throw new GatewayError("principal_disabled");
    if (key.temporaryOf === undefined) return;
    const { directory } = this.#parts;
    const maker = (
      directory.get("apiKey", key.temporaryOf) ?? directory.get("accessKey", key.temporaryOf)
    )?.entity;
    const isGone = maker === undefined || maker.principal !== key.principal || maker.disabled;
    if (isGone || this.#hasEnded(maker)) throw new GatewayError("expired_api_key");
  }

  #hasEnded(key: ApiKey | AccessKey): boolean {
    const endsMs = endOf(key);
    return endsMs !== null && endsMs <= this.#parts.clock.wallMs();
  }

  /** Only people have authenticators; a service proves itself otherwise. */
  #withDuties(caller: Caller): Caller {
    if (!this.#parts.adminTotp || caller.kind !== "user" || caller.method !== "jwt") return caller;
    const principal = this.#parts.directory.get("principal", caller.principal)?.entity;
    const owes =
      principal !== undefined &&
      principal.totp === undefined &&
      isAdministrator(this.#parts.directory, principal);
    return owes ? { ...caller, mustEnrol: true } : caller;
  }

  #resolve(credential: PresentedCredential, from: Origin): Caller {
    const resolution = resolveCaller(this.#parts.directory, credential, from);
    if ("caller" in resolution) return this.#withDuties(resolution.caller);
    throw new GatewayError(resolution.refused);
  }
}

function bearerOf(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  if (token === undefined) throw new GatewayError("invalid_api_key");
  return token;
}

function credentialOf(key: ApiKey | AccessKey): Omit<PresentedCredential, "method"> {
  const { id, principal, models, addresses, tier, limits, temporaryOf } = key;
  const endsMs = endOf(key);
  const account = temporaryOf;
  return { id, principal, models, addresses, tier, limits, account, endsMs, entity: key };
}

/** A token that was given for an access key may what the key may, and counts on its account. */
function throughToken(key: AccessKey): PresentedCredential {
  // Without the entity: what is derived from that was proved by a signature.
  return { ...credentialOf(key), entity: undefined, method: "jwt" };
}

/** Tokens for passwords, outside issuers' and certificates stand for the principal itself. */
function unlimited(
  principal: Principal,
  credential: Pick<PresentedCredential, "id" | "method">,
): PresentedCredential {
  return { ...credential, principal: principal.id, models: "*", limits: {} };
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function parseCertificate(encoded: string): X509Certificate | null {
  try {
    return new X509Certificate(decodeURIComponent(encoded));
  } catch {
    return null;
  }
}

/** URIs and DNS names; a quoted name is one that tries to look like two. */
function alternativeNames(certificate: X509Certificate): string[] {
  const text = certificate.subjectAltName ?? "";
  if (text.includes('"')) return [];
  return text.split(", ").flatMap((entry) => {
    const [, name] = /^(?:URI|DNS):(.+)$/.exec(entry) ?? [];
    return name === undefined ? [] : [name];
  });
}
