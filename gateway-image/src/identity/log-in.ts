/** Proves a user's password or a service's secret, and gives a token for it. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import { isAllowedAddress } from "../directory/address-list.ts";
import { endOf } from "../directory/credential-end.ts";
import type { Directory } from "../directory/directory.ts";
import type { Principal } from "../directory/entities.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { SharedStore } from "../stores/shared-store.ts";
import { NO_SECRET, openSecret } from "./access-key.ts";
import { isAdministrator } from "./administrators.ts";
import { takeCode } from "./authenticator.ts";
import { hashPassword, isPassword } from "./password.ts";
import { proofOf, TOKEN_SECONDS, type Tokens } from "./tokens.ts";

export interface LogInParts {
  readonly directory: Directory;
  readonly shared: SharedStore;
  readonly clock: Clock;
  readonly tokens: Tokens | null;
  readonly box: () => SealedBox | null;
}

export interface LoggedIn {
  readonly token: string;
  /** How long it serves. */
  readonly seconds: number;
}

export interface PasswordAttempt {
  readonly name: string;
  readonly password: string;
  /** Of an authenticator, where the account has one. */
  readonly code: string | null;
  readonly address: string;
}

export class LogIn {
  readonly #parts: LogInParts;

  constructor(parts: LogInParts) {
    this.#parts = parts;
  }

  /** Whose account an attempt is about, for the records; null: nobody's, and the text may be a password. */
  accountOf(by: { readonly name: string } | { readonly accessKey: string }): string | null {
    const { directory } = this.#parts;
    if ("accessKey" in by) return directory.accessKey(by.accessKey)?.principal ?? null;
    return directory.get("principal", by.name)?.entity.id ?? null;
  }

  /** Throws `invalid_grant` for every reason alike. */
  async byPassword(attempt: PasswordAttempt): Promise<LoggedIn> {
    const principal = await this.prove(attempt);
    return this.#issue(principal, principal.passwordHash ?? "", attempt.name, attempt.address);
  }

  /** Is it that user, by password and, where there is an authenticator, by its code? */
  async prove({ name, password, code, address }: PasswordAttempt): Promise<Principal> {
    const { directory } = this.#parts;
    await this.#limit(name, address);
    await this.#catchUp();
    const principal = directory.get("principal", name)?.entity;
    const genuine = await isPassword(password, principal?.passwordHash);
    if (!genuine || principal === undefined || principal.kind !== "user") return this.#fail(name);
    if (!(await this.#hasCode(principal, code))) return this.#fail(name);
    return principal;
  }

  async byAccessKey(attempt: {
    readonly accessKey: string;
    readonly secret: string;
    readonly address: string;
  }): Promise<LoggedIn> {
    const { directory, clock } = this.#parts;
    await this.#limit(attempt.accessKey, attempt.address);
    await this.#catchUp();
    const key = directory.accessKey(attempt.accessKey);
    const box = this.#parts.box();
    const secret =
      key === undefined || box === null ? null : openSecret(box, key.accessKey, key.sealedSecret);
    const genuine = isSame(secret ?? NO_SECRET, Buffer.from(attempt.secret, "utf8"));
    const usable = key !== undefined && !key.disabled && (endOf(key) ?? Infinity) > clock.wallMs();
    const principal =
      key === undefined ? undefined : directory.get("principal", key.principal)?.entity;
    if (!genuine || secret === null || !usable || principal === undefined) {
      return this.#fail(attempt.accessKey);
    }
    const { accessKey: name, address } = attempt;
    return this.#issue(principal, key.sealedSecret, name, address, key.addresses);
  }

  /** Ends every token that was given for the former password. */
  async changePassword(
    name: string,
    former: string,
    wanted: string,
    address: string,
  ): Promise<void> {
    const { directory } = this.#parts;
    await this.#limit(name, address);
    await this.#catchUp();
    const found = directory.get("principal", name);
    if (!(await isPassword(former, found?.entity.passwordHash)) || found === undefined) {
      await this.#fail(name);
      return;
    }
    if (wanted.length < limits.passwordLengthMin || wanted === former) {
      throw new GatewayError("invalid_request", {
        message: `The new password must differ and have ${limits.passwordLengthMin} characters at least.`,
        param: "new_password",
      });
    }
    const passwordHash = await hashPassword(wanted);
    const body = { ...found.entity, passwordHash, mustChangePassword: false };
    const change = { kind: "principal", id: name, body, updatedBy: name } as const;
    await directory.apply([{ ...change, expected: found.revision }]);
  }

  /** A password may have been changed a moment ago, by way of another gateway. */
  async #catchUp(): Promise<void> {
    // While the store is away the last of what was read counts.
    await this.#parts.directory.refresh().catch(() => {});
  }

  async #issue(
    principal: Principal,
    stored: string,
    name: string,
    address: string,
    addresses?: readonly string[],
  ): Promise<LoggedIn> {
    const { tokens, directory } = this.#parts;
    const tenant = directory.get("tenant", principal.tenant)?.entity;
    if (tokens === null || principal.disabled || tenant === undefined || tenant.disabled) {
      return this.#fail(name);
    }
    const lists = [addresses, principal.addresses, tenant.addresses];
    if (!lists.every((list) => list === undefined || isAllowedAddress(list, address))) {
      throw new GatewayError("address_not_allowed");
    }
    await this.#shared(this.#parts.shared.delete(failureKey(name)));
    const seconds =
      TOKEN_SECONDS[isAdministrator(directory, principal) ? "administrator" : "caller"];
    return { token: await tokens.issue(principal.id, proofOf(stored), seconds), seconds };
  }

  /** An account without an authenticator needs no code; one with it needs a fresh one. */
  async #hasCode(principal: Principal, code: string | null): Promise<boolean> {
    if (principal.totp === undefined) return true;
    const secret = this.#parts.box()?.open(principal.totp, `totp ${principal.id}`);
    if (code === null || secret === null || secret === undefined) return false;
    return this.#shared(takeCode(this.#parts, principal.id, secret.toString("utf8"), code));
  }

  async #limit(name: string, address: string): Promise<void> {
    const { shared } = this.#parts;
    const tries = await this.#shared(shared.count(`login:address:${address}`, 60_000));
    const failures = Number((await this.#shared(shared.get(failureKey(name)))) ?? 0);
    if (tries > limits.loginsPerMinute || failures >= limits.loginFailuresMax) {
      throw new GatewayError("too_many_logins", { retryAfterMs: 60_000 });
    }
  }

  /** Failures count over a window that each of them begins anew; nobody is locked out for ever. */
  async #fail(name: string): Promise<never> {
    const { shared } = this.#parts;
    const failures = Number((await this.#shared(shared.get(failureKey(name)))) ?? 0) + 1;
    const value = Buffer.from(String(failures));
    await this.#shared(shared.set(failureKey(name), value, limits.loginPauseMs));
    throw new GatewayError("invalid_grant");
  }

  #shared<T>(work: Promise<T>): Promise<T> {
    return work.catch((cause: unknown) => {
      throw new GatewayError("identity_unavailable", { cause });
    });
  }
}

/** Names come from strangers and may hold anything. */
function failureKey(name: string): string {
  return `login:failures:${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
