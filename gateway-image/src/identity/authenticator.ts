/**
 * Authenticators (TOTP, RFC 6238): a user gets a secret, shown once, and proves by a code that it
 * has arrived before anything asks for codes.
 */
import { generateSecret, generateURI, verify } from "otplib";
import type { Clock } from "../base/clock.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import { type Directory, ManagedByConfiguration } from "../directory/directory.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { SharedStore } from "../stores/shared-store.ts";

export interface AuthenticatorParts {
  readonly directory: Directory;
  readonly shared: SharedStore;
  readonly clock: Clock;
  readonly box: () => SealedBox | null;
}

/** A code of now, one step earlier or later (clocks of telephones differ), that was not seen before. */
export async function takeCode(
  { clock, shared }: Pick<AuthenticatorParts, "clock" | "shared">,
  principal: string,
  secret: string,
  code: string,
): Promise<boolean> {
  if (!/^\d{6}$/.test(code)) return false;
  const epoch = Math.floor(clock.wallMs() / 1000);
  const { valid } = await verify({ secret, token: code, epoch, epochTolerance: 30 });
  const claimed = await shared.claim(`totp:${principal}:${code}`, 120_000);
  return valid && claimed;
}

export class Authenticators {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** The secret, for the ten minutes in which a code must prove that it has arrived. */
  async begin(principal: string): Promise<{ readonly secret: string; readonly uri: string }> {
    const secret = generateSecret();
    const sealed = Buffer.from(this.#box().seal(Buffer.from(secret), aboutOf(principal)), "utf8");
    await this.#answered(this.#parts.shared.set(keyOf(principal), sealed, limits.enrolmentMs));
    const issuer = "DeepSeek service";
    return { secret, uri: generateURI({ issuer, label: principal, secret }) };
  }

  async confirm(principal: string, code: string): Promise<void> {
    const { directory, shared } = this.#parts;
    const kept = await this.#answered(shared.get(keyOf(principal)));
    const secret =
      kept === null ? null : this.#box().open(kept.toString("utf8"), aboutOf(principal));
    const found = directory.get("principal", principal);
    const fits =
      secret !== null &&
      found !== undefined &&
      (await this.#answered(takeCode(this.#parts, principal, secret.toString("utf8"), code)));
    if (!fits) throw new GatewayError("invalid_grant");
    const body = { ...found.entity, totp: this.#box().seal(secret, `totp ${principal}`) };
    const change = { kind: "principal", id: principal, body, updatedBy: principal } as const;
    await directory.apply([{ ...change, expected: found.revision }]).catch((cause: unknown) => {
      const managed = cause instanceof ManagedByConfiguration;
      throw new GatewayError(managed ? "managed_by_configuration" : "directory_unavailable", {
        cause,
      });
    });
    await this.#answered(shared.delete(keyOf(principal)));
  }

  #box(): SealedBox {
    const box = this.#parts.box();
    if (box !== null) return box;
    const message = "This gateway keeps no secrets: GW_DATA_KEY_FILE is not set.";
    throw new GatewayError("invalid_request", { message });
  }

  #answered<T>(work: Promise<T>): Promise<T> {
    return work.catch((cause: unknown) => {
      throw cause instanceof GatewayError
        ? cause
        : new GatewayError("identity_unavailable", { cause });
    });
  }
}

const keyOf = (principal: string) => `totp-enrolment:${principal}`;
const aboutOf = (principal: string) => `enrolment of ${principal}`;
