/**
 * Makes one comment on a pull request, or changes the one that was made before: on GitHub, Gitea and GitLab.
 * Which one that is, the marker in its first line and its author say; a comment of anybody else with the same
 * marker is left alone, since its author could change it again.
 */
import { UserError } from "../base/user-error.ts";

export interface CommentRequest {
  /** `…/repos/O/R/issues/N` (GitHub, Gitea) or `…/projects/ID/merge_requests/N` (GitLab). */
  readonly url: string;
  readonly token: string;
  readonly marker: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

interface Forge {
  /** Comments in pages of a hundred. */
  readonly list: string;
  readonly make: string;
  readonly change: (id: number) => { readonly method: "PATCH" | "PUT"; readonly url: string };
  readonly headers: Readonly<Record<string, string>>;
  /** Who the token is. GitHub tells an app's token nothing about itself, but it is always this one. */
  readonly self: string | undefined;
  readonly user: string;
}

/** GitHub's name for whoever holds a workflow's token. */
const WORKFLOW_BOT = "github-actions[bot]";
/** More comments than any pull request should have: what is older is not looked for. */
const PAGES_MAX = 50;
const PAGE_SIZE = 100;
const REQUEST_TIMEOUT_MS = 30_000;

export async function postComment(request: CommentRequest): Promise<"made" | "changed"> {
  const forge = forgeOf(request);
  const self = forge.self ?? (await ownName(forge, request.signal));
  const earlier = await earlierComment(forge, request, self);
  const body = JSON.stringify({ body: request.body });
  if (earlier === undefined) {
    await call(forge, request.signal, forge.make, { method: "POST", body });
    return "made";
  }
  const { method, url } = forge.change(earlier);
  await call(forge, request.signal, url, { method, body });
  return "changed";
}

function forgeOf({ url, token }: CommentRequest): Forge {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  const isSafe = address?.protocol === "https:" || address?.hostname === "127.0.0.1";
  if (address === undefined || !isSafe || address.search !== "" || address.username !== "") {
    throw refusal(url);
  }
  const [, repository] = /^(.*\/repos\/[^/]+\/[^/]+)\/issues\/\d+$/.exec(url) ?? [];
  if (repository !== undefined) {
    const isGitea = repository.includes("/api/v1/repos/");
    return {
      list: `${url}/comments`,
      make: `${url}/comments`,
      change: (id) => ({ method: "PATCH", url: `${repository}/issues/comments/${id}` }),
      headers: { authorization: `${isGitea ? "token" : "Bearer"} ${token}` },
      self: isGitea ? undefined : WORKFLOW_BOT,
      user: `${url.slice(0, url.indexOf("/repos/"))}/user`,
    };
  }
  const [, api] = /^(.*\/api\/v4)\/projects\/[^/]+\/merge_requests\/\d+$/.exec(url) ?? [];
  if (api === undefined) throw refusal(url);
  return {
    list: `${url}/notes`,
    make: `${url}/notes`,
    change: (id) => ({ method: "PUT", url: `${url}/notes/${id}` }),
    headers: { "private-token": token },
    self: undefined,
    user: `${api}/user`,
  };
}

function refusal(url: string): UserError {
  return new UserError("no comment can be made there", {
    where: `--comment-on ${url}`,
    fix: "give https://…/repos/OWNER/NAME/issues/NUMBER, or GitLab's …/api/v4/projects/ID/merge_requests/NUMBER",
  });
}

async function ownName(forge: Forge, signal: AbortSignal): Promise<string> {
  const user = (await call(forge, signal, forge.user, { method: "GET" })) as Author;
  return nameOf(user);
}

interface Author {
  readonly login?: string;
  readonly username?: string;
}

interface Comment {
  readonly id: number;
  readonly body: string;
  readonly user?: Author;
  readonly author?: Author;
}

function nameOf({ login, username }: Author): string {
  return login ?? username ?? "";
}

async function earlierComment(
  forge: Forge,
  { marker, signal }: CommentRequest,
  self: string,
): Promise<number | undefined> {
  let last = 0;
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const url = `${forge.list}?per_page=${PAGE_SIZE}&limit=${PAGE_SIZE}&page=${page}`;
    const comments = (await call(forge, signal, url, { method: "GET" })) as readonly Comment[];
    const own = comments.find(
      ({ body, user, author }) =>
        body.split(/\r?\n/)[0] === marker && nameOf(user ?? author ?? {}) === self,
    );
    if (own !== undefined) return own.id;
    // A forge without pages gives the same list again.
    if (comments.length < PAGE_SIZE || comments[0]?.id === last) return undefined;
    last = comments[0]?.id ?? 0;
  }
  return undefined;
}

async function call(
  forge: Forge,
  signal: AbortSignal,
  url: string,
  init: { readonly method: string; readonly body?: string },
): Promise<unknown> {
  const headers = {
    ...forge.headers,
    accept: "application/json",
    "content-type": "application/json",
  };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
  // A redirect would take the token along to somewhere else.
  const response = await fetch(url, { ...init, headers, redirect: "error", signal: limit }).catch(
    (error: unknown) => {
      throw failure(url, error instanceof Error ? error.message : String(error));
    },
  );
  if (response.ok) return response.json();
  throw failure(url, `it answered ${response.status}`);
}

function failure(url: string, what: string): UserError {
  return new UserError(`the comment was not made: ${what}`, {
    where: url.replace(/\?.*$/, ""),
    fix: "see that the address is right and that the token may comment there, then run it again",
    exitCode: 1,
  });
}
