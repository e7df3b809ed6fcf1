/**
 * POST /token: OAuth 2's password and client_credentials grants, as a form. Five attempts a minute
 * from one address, and a pause after failures in a row for one name, whoever tries.
 */

import type { Step } from "../context.ts";
import { GatewayError } from "../errors.ts";
import type { LoggedIn, LogIn } from "../identity/log-in.ts";
import { answerJson } from "./answer-json.ts";

export function issueToken(logIn: LogIn): Step {
  return async function issueToken(context, next) {
    const form = new URLSearchParams(context.body.toString("utf8"));
    const basic = basicOf(context.request.headers.authorization);
    const grant = form.get("grant_type") ?? "password";
    const name = form.get("username") ?? "";
    const accessKey = basic?.name ?? form.get("client_id") ?? "";
    context.subject = logIn.accountOf(grant === "password" ? { name } : { accessKey });
    const { token, seconds } = await attempt();
    context.response.setHeader("cache-control", "no-store");
    await answerJson(context, 200, {
      access_token: token,
      token_type: "bearer",
      expires_in: seconds,
    });
    await next();

    function attempt(): Promise<LoggedIn> {
      const address = context.clientAddress;
      if (grant === "password") {
        const code = form.get("totp");
        return logIn.byPassword({ name, password: form.get("password") ?? "", code, address });
      }
      if (grant !== "client_credentials") throw new GatewayError("unsupported_grant_type");
      const secret = basic?.secret ?? form.get("client_secret") ?? "";
      return logIn.byAccessKey({ accessKey, secret, address });
    }
  };
}

function basicOf(authorization: string | undefined): { name: string; secret: string } | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return null;
  const [name = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { name, secret: rest.join(":") };
}
