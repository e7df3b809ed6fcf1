/**
 * Our own tokens: HS256, an hour long at most, bound to the principal's password or secret of the moment, so that a
 * change of it ends all of them. The first secret signs, all verify.
 */
import { createHash, randomUUID } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../base/clock.ts";

const ISSUER = "deepseek-private-gateway";
/** How long somebody stays logged in; an administrator less long, since more is at stake. */
export const TOKEN_SECONDS = { caller: 3_600, administrator: 900 } as const;
/** RFC 7518, 3.2: an HS256 key has at least the length of the hash. */
const SECRET_BYTES_MIN = 32;

export interface TokenClaims {
  readonly principal: string;
  readonly id: string;
  /** Of what proved the identity when the token was made. */
  readonly proof: string;
  readonly issuedMs: number;
}

export class Tokens {
  readonly #secrets: () => readonly Buffer[];
  readonly #clock: Clock;

  constructor(secrets: () => readonly Buffer[], clock: Clock) {
    this.#secrets = secrets;
    this.#clock = clock;
  }

  async issue(principal: string, proof: string, seconds: number): Promise<string> {
    const [secret] = this.#secrets();
    if (secret === undefined) throw new Error("there is no secret to sign with");
    const now = Math.floor(this.#clock.wallMs() / 1000);
    return new SignJWT({ prf: proof })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience(ISSUER)
      .setSubject(principal)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + seconds)
      .sign(secret);
  }

  /** `expired`, or null for everything else that is wrong. */
  async read(token: string): Promise<TokenClaims | "expired" | null> {
    for (const secret of this.#secrets()) {
      try {
        const { payload } = await jwtVerify(token, secret, {
          algorithms: ["HS256"],
          issuer: ISSUER,
          audience: ISSUER,
          requiredClaims: ["sub", "jti", "exp", "prf"],
          currentDate: new Date(this.#clock.wallMs()),
        });
        return {
          principal: payload.sub ?? "",
          id: payload.jti ?? "",
          proof: String(payload.prf),
          issuedMs: (payload.iat ?? 0) * 1000,
        };
      } catch (error) {
        if (error instanceof errors.JWTExpired) return "expired";
      }
    }
    return null;
  }
}

/** Tells one password hash or secret from the next without telling what it is. */
export function proofOf(stored: string): string {
  return createHash("sha256").update(`proof of ${stored}`).digest("base64url").slice(0, 16);
}

/** Lines of base64; throws where one is shorter than HS256 asks for. */
export function parseTokenSecrets(text: string): Buffer[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const secrets = lines.map((line) => Buffer.from(line.trim(), "base64"));
  if (secrets.length === 0 || secrets.some((secret) => secret.length < SECRET_BYTES_MIN)) {
    throw new Error(`each line must be base64 of at least ${SECRET_BYTES_MIN} bytes`);
  }
  return secrets;
}
