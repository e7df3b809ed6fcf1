/**
 * Tokens of outside OpenID issuers: RS256 or ES256, verified with the keys that the issuer publishes. A token
 * names a principal by `<issuer>#<sub>`; who is not in the directory is nobody. Keys that cannot be had are
 * no fault of the token: its bearer is told to come again, and the log says why.
 */
import {
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { Agent } from "undici";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Directory } from "../directory/directory.ts";
import type { Principal } from "../directory/entities.ts";
import { GatewayError } from "../errors.ts";

export const oidcFileSchema = z.strictObject({
  issuers: z
    .array(
      z.strictObject({
        issuer: z.url(),
        audience: z.string().min(1),
        jwksUri: z.url({ protocol: /^https?$/ }).describe("Where the issuer publishes its keys."),
        authority: z
          .string()
          .startsWith("-----BEGIN CERTIFICATE-----")
          .optional()
          .describe("Who vouches for that address, PEM; absent: a public authority."),
      }),
    )
    .min(1),
});

export type OidcFile = z.output<typeof oidcFileSchema>;

/** An issuer that is away must not hold a call for long, and strangers' tokens not make us ask often. */
const TIMEOUT_MS = 3_000;
const COOLDOWN_MS = 30_000;
/** Clocks of two machines that both keep time. */
const SKEW_SECONDS = 30;
/** A key has less than a kilobyte, its chain of certificates some; an issuer publishes a few. */
const KEYS_BYTES_MAX = 256 * 1_024;

const publishedSchema = z.looseObject({ keys: z.array(z.looseObject({})) });

interface Issuer {
  readonly audience: string;
  readonly keys: JWTVerifyGetKey;
}

export class OutsideTokens {
  readonly #file: () => OidcFile;
  readonly #directory: Directory;
  readonly #clock: Clock;
  #known: { readonly file: OidcFile; readonly issuers: ReadonlyMap<string, Issuer> } | null = null;

  /** `file`: as it is now; a changed one is taken over with the next token. */
  constructor(file: () => OidcFile, directory: Directory, clock: Clock) {
    this.#file = file;
    this.#directory = directory;
    this.#clock = clock;
  }

  /** null: not a token of an issuer that is trusted, or of nobody in the directory. */
  async read(token: string): Promise<Principal | "expired" | null> {
    const name = issuerOf(token);
    const issuer = name === null ? undefined : this.#issuers().get(name);
    if (name === null || issuer === undefined) return null;
    try {
      const { payload } = await jwtVerify(token, issuer.keys, {
        // Never HS256: a published key must not serve as a secret.
        algorithms: ["RS256", "ES256"],
        issuer: name,
        audience: issuer.audience,
        requiredClaims: ["sub", "exp"],
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(this.#clock.wallMs()),
      });
      return this.#directory.principalBySubject(`${name}#${payload.sub}`) ?? null;
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      return error instanceof errors.JWTExpired ? "expired" : null;
    }
  }

  #issuers(): ReadonlyMap<string, Issuer> {
    const file = this.#file();
    if (this.#known?.file !== file) {
      this.#known = {
        file,
        issuers: new Map(file.issuers.map((one) => [one.issuer, keysOf(one)])),
      };
    }
    return this.#known.issuers;
  }
}

function keysOf({ audience, jwksUri, authority }: OidcFile["issuers"][number]): Issuer {
  const agent = new Agent({
    connect: { timeout: TIMEOUT_MS, ...(authority === undefined ? {} : { ca: authority }) },
    maxResponseSize: KEYS_BYTES_MAX,
    // Asked again after minutes: nothing is to stay open, or to be closed, until then.
    pipelining: 0,
  });
  const options = { timeoutDuration: TIMEOUT_MS, cooldownDuration: COOLDOWN_MS };
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    ...options,
    [customFetch]: published(agent, jwksUri),
  });
  return { audience, keys };
}

/** Throws `identity_unavailable` for whatever is no set of keys. */
function published(agent: Agent, jwksUri: string): FetchImplementation {
  const { origin, pathname, search } = new URL(jwksUri);
  return async (_url, { headers, signal }) => {
    try {
      const answer = await agent.request({
        origin,
        path: pathname + search,
        method: "GET",
        headers: Object.fromEntries(headers),
        signal,
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`it answers ${answer.statusCode}`);
      return Response.json(publishedSchema.parse(JSON.parse(text)));
    } catch (error) {
      const cause = new Error(`no keys from ${jwksUri}`, { cause: error });
      throw new GatewayError("identity_unavailable", { cause });
    }
  };
}

/** Not verified yet: it only says whose keys to verify with. */
function issuerOf(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null;
  }
}
