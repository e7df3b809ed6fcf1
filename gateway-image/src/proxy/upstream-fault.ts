/** What can go wrong on the way to a model server, and whether the request had left us. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const TIMEOUTS = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);
/** OpenSSL's verdicts on a certificate; the request is written only after the handshake. */
const CERTIFICATE = /CERT|UNABLE_TO_|SELF_SIGNED|ERR_SSL/;

/** `unreachable`: never sent, so another target may be tried. */
export type FaultKind = "unreachable" | "timeout" | "broken";

export function faultKind(error: unknown): FaultKind {
  const code = codeOf(error);
  if (NEVER_SENT.has(code) || CERTIFICATE.test(code)) return "unreachable";
  return TIMEOUTS.has(code) ? "timeout" : "broken";
}

/** A short reason for a metric label: a closed set of words. */
export type FaultReason = "certificate" | "name" | "connect" | "timeout" | "broken";

export function faultReason(error: unknown): FaultReason {
  const code = codeOf(error);
  if (CERTIFICATE.test(code)) return "certificate";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "name";
  if (NEVER_SENT.has(code)) return "connect";
  return TIMEOUTS.has(code) ? "timeout" : "broken";
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}
