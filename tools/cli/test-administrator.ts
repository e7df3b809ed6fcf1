/** For tests: the administrator of a deployed stack, with the password changed as the first login asks for. */
import { fetch } from "undici";
import type { Stack } from "./test-through-edge.ts";

export type Administrator = (
  method: "POST" | "PUT",
  path: string,
  body: object,
) => Promise<unknown>;

/** By way of whichever gateway: each knows what another one has changed. */
export async function administrator({
  outputs,
  dispatcher,
}: ReturnType<Stack>): Promise<Administrator> {
  const { adminUser: username, adminPassword: password } = outputs;
  const replaced = `${password}-changed`;
  const token = async (secret: string) => {
    const body = new URLSearchParams({ username, password: secret });
    const response = await fetch(`${outputs.url}/token`, { dispatcher, method: "POST", body });
    return ((await response.json()) as { access_token?: string }).access_token;
  };
  const as =
    (bearer = ""): Administrator =>
    async (method, path, body) => {
      const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
      const init = { dispatcher, method, headers, body: JSON.stringify(body) };
      const text = await (await fetch(`${outputs.url}${path}`, init)).text();
      return text === "" ? null : (JSON.parse(text) as unknown);
    };
  const known = await token(replaced);
  if (known !== undefined) return as(known);
  const change = { password, new_password: replaced };
  await as(await token(password))("POST", "/users/me/password", change);
  return as(await token(replaced));
}
