// Who is logged in, and questions to this gateway. The token lies in the tab's own storage and ends with the tab.

const KEY = "console-token";
const TIMEOUT_MS = 20_000;

/** The gateway said no, in its own words. */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class Session {
  #token = sessionStorage.getItem(KEY);

  get open() {
    return this.#token !== null;
  }

  /** @param {string} token */
  begin(token) {
    this.#token = token;
    sessionStorage.setItem(KEY, token);
  }

  end() {
    this.#token = null;
    sessionStorage.removeItem(KEY);
  }

  /** @param {string} username @param {string} password @param {string} totp */
  async logIn(username, password, totp) {
    const form = new URLSearchParams({ grant_type: "password", username, password });
    if (totp !== "") form.set("totp", totp);
    const answer = await this.#ask("POST", "/token", form, null);
    this.begin(answer.access_token);
  }

  /** @param {string} path */
  get(path) {
    return this.#ask("GET", path, null, this.#token);
  }

  /** @param {string} path @param {object} body */
  post(path, body) {
    return this.#ask("POST", path, JSON.stringify(body), this.#token);
  }

  /** @param {string} method @param {string} path @param {BodyInit | null} body @param {string | null} token */
  async #ask(method, path, body, token) {
    const headers = new Headers({ accept: "application/json" });
    if (typeof body === "string") headers.set("content-type", "application/json");
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    const response = await fetch(path, {
      method,
      body,
      headers,
      // No cookie is ever wanted, and an answer of before is no answer.
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    const { error, error_description: description } = answer;
    // OAuth's shape at /token, OpenAI's elsewhere.
    if (typeof error === "string") throw new Refused(response.status, error, description ?? error);
    throw new Refused(
      response.status,
      error?.code ?? "",
      error?.message ?? `HTTP ${response.status}`,
    );
  }
}
