/**
 * Tokens of outside OpenID issuers: RS256 or ES256, verified with the keys that the issuer publishes. A token
 * names a principal by `<issuer>#<sub>`; who is not in the directory is nobody.
 */
import { createRemoteJWKSet, decodeJwt, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Directory } from "../directory/directory.ts";
import type { Principal } from "../directory/entities.ts";

export const oidcFileSchema = z.strictObject({
  issuers: z
    .array(
      z.strictObject({
        issuer: z.url(),
        audience: z.string().min(1),
        jwksUri: z.url({ protocol: /^https?$/ }).describe("Where the issuer publishes its keys."),
      }),
    )
    .min(1),
});

export type OidcFile = z.output<typeof oidcFileSchema>;

/** An issuer that is away must not hold a call for long, and strangers' tokens not make us ask often. */
const TIMEOUT_MS = 3_000;
const COOLDOWN_MS = 30_000;

interface Issuer {
  readonly audience: string;
  readonly keys: JWTVerifyGetKey;
}

export class OutsideTokens {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #directory: Directory;
  readonly #clock: Clock;

  constructor(file: OidcFile, directory: Directory, clock: Clock) {
    this.#issuers = new Map(
      file.issuers.map(({ issuer, audience, jwksUri }) => {
        const options = { timeoutDuration: TIMEOUT_MS, cooldownDuration: COOLDOWN_MS };
        return [issuer, { audience, keys: createRemoteJWKSet(new URL(jwksUri), options) }];
      }),
    );
    this.#directory = directory;
    this.#clock = clock;
  }

  /** null: not a token of an issuer that is trusted, or of nobody in the directory. */
  async read(token: string): Promise<Principal | null> {
    const name = issuerOf(token);
    const issuer = name === null ? undefined : this.#issuers.get(name);
    if (name === null || issuer === undefined) return null;
    try {
      const { payload } = await jwtVerify(token, issuer.keys, {
        // Never HS256: a published key must not serve as a secret.
        algorithms: ["RS256", "ES256"],
        issuer: name,
        audience: issuer.audience,
        requiredClaims: ["sub", "exp"],
        currentDate: new Date(this.#clock.wallMs()),
      });
      return this.#directory.principalBySubject(`${name}#${payload.sub}`) ?? null;
    } catch {
      return null;
    }
  }
}

/** Not verified yet: it only says whose keys to verify with. */
function issuerOf(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null;
  }
}
