/**
 * Proof by handshake: a group of listeners, each asked in every version of TLS for no, a known and an
 * unknown name. Only TLS 1.3 may be agreed on, by a certificate that holds; what is older must be refused
 * in words, since a connection that merely ends proves nothing.
 */
import { X509Certificate } from "node:crypto";
import type { Proof, ProofResult } from "../proof.ts";
import { type Answer, handshake, plainAnswer, VERSIONS, type Version } from "./handshakes.ts";
import type { Listener } from "./listener.ts";
import type { Shown } from "./shown.ts";

/** Nobody's name: RFC 2606. */
const STRANGER = "elsewhere.example.org";
const DAY_MS = 86_400_000;
/** NIST SP 800-57 part 1: 112 bits of strength at the least. */
const RSA_BITS_MIN = 2_048;
const EC_CURVES: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
};

export interface HandshakeQuestion {
  readonly id: Proof["id"];
  readonly title: Proof["title"];
  readonly on: string;
  readonly listeners: readonly Listener[];
  /** Why there is none. */
  readonly without: string;
  /** PEM of who signs; null: the authorities that Node.js trusts sign, and are not looked at here. */
  readonly authority: string | null;
  readonly now: Date;
}

interface Row {
  readonly version: Version;
  readonly asked: "none" | "known" | "unknown";
  readonly serverName: string | null;
  readonly answer: Answer;
}

export interface ListenerVerdict {
  readonly listener: string;
  readonly result: ProofResult;
  readonly findings: readonly string[];
  readonly rows: readonly Row[];
  readonly certificate: CertificateFacts | null;
  /** What it said to plain HTTP, where it speaks no TLS. */
  readonly plain: string | null;
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly names: string;
  readonly validTo: string;
  readonly daysLeft: number;
  readonly key: string;
  readonly bits: number;
  readonly sha256: string;
  readonly chain: number;
}

export async function handshakeProof(question: HandshakeQuestion): Promise<Shown> {
  const verdicts: ListenerVerdict[] = [];
  // One after the other: an edge lets one address have only so many connections.
  for (const one of question.listeners) {
    verdicts.push(await judgeListener(one, question));
    one.close?.();
  }
  const { id, title, on, now } = question;
  const about = { id, title, on, control: "handshakes", at: now.toISOString() };
  if (verdicts.length === 0) {
    return {
      ...about,
      result: "notEvaluated",
      figures: {},
      findings: [question.without],
      raw: null,
    };
  }
  const certificates = verdicts.flatMap(({ certificate }) => certificate ?? []);
  const answers = verdicts.flatMap(({ rows }) => rows.map(({ answer }) => answer.kind));
  const count = (kind: Answer["kind"]) => answers.filter((one) => one === kind).length;
  const least = (what: string, values: readonly number[]) =>
    values.length === 0 ? {} : { [what]: Math.min(...values) };
  return {
    ...about,
    result: worst(verdicts.map(({ result }) => result)),
    figures: {
      listeners: verdicts.length,
      handshakes: answers.length,
      agreed: count("agreed"),
      "refused by an alert": count("refused"),
      ...least(
        "least days left of a certificate",
        certificates.map((one) => one.daysLeft),
      ),
      ...least(
        "least bits of a key",
        certificates.map((one) => one.bits),
      ),
    },
    findings: verdicts.flatMap(({ listener, findings }) =>
      findings.map((text) => `${listener}: ${text}`),
    ),
    raw: { at: now.toISOString(), listeners: verdicts.map(told) },
  };
}

function worst(results: readonly ProofResult[]): ProofResult {
  return (["fail", "notEvaluated"] as const).find((one) => results.includes(one)) ?? "pass";
}

async function judgeListener(
  listener: Listener,
  { authority, now }: HandshakeQuestion,
): Promise<ListenerVerdict> {
  const name = listener.name;
  const first = await patient(listener, "TLSv1.3", listener.serverName);
  if (first.kind === "plain") return judgePlain(listener, first);
  if (first.kind === "silent") {
    const findings = [`no handshake: ${first.said}`];
    const none = { rows: [], certificate: null, plain: null };
    return { listener: name, result: "notEvaluated", findings, ...none };
  }
  const leaf = first.chain[0] === undefined ? null : new X509Certificate(first.chain[0]);
  const rows = await allRows(listener, listener.serverName ?? ownName(leaf));
  const faults = [
    ...versionFaults(rows),
    ...(leaf === null ? [] : certificateFaults(first.chain, listener, authority, now)),
  ];
  const unclear = rows
    .filter(({ version, answer }) => version !== "TLSv1.3" && answer.kind === "silent")
    .map(
      ({ version, asked, answer }) => `${version}, ${asked} name: ended unsaid (${answer.said})`,
    );
  return {
    listener: name,
    result: faults.length > 0 ? "fail" : unclear.length > 0 ? "notEvaluated" : "pass",
    findings: [...faults, ...unclear],
    rows,
    certificate: leaf === null ? null : factsOf(leaf, first.chain.length, now),
    plain: null,
  };
}

/** A way into the cluster may break with a connection: what ended unsaid is asked once more. */
async function patient(listener: Listener, version: Version, serverName: string | null) {
  const answer = await handshake(listener, { version, serverName });
  return answer.kind === "silent" ? handshake(listener, { version, serverName }) : answer;
}

async function allRows(listener: Listener, known: string | null): Promise<Row[]> {
  const names = { none: null, known, unknown: STRANGER };
  const rows: Row[] = [];
  for (const version of VERSIONS) {
    for (const asked of ["none", "known", "unknown"] as const) {
      const serverName = names[asked];
      rows.push({
        version,
        asked,
        serverName,
        answer: await patient(listener, version, serverName),
      });
    }
  }
  return rows;
}

function versionFaults(rows: readonly Row[]): string[] {
  const old = rows
    .filter(({ version, answer }) => version !== "TLSv1.3" && answer.kind === "agreed")
    .map(({ asked, answer }) => `agrees on ${answer.said} (${asked} server name)`);
  // A server may refuse whoever names nobody or a stranger, but not who names it.
  const served = rows.some(
    ({ version, asked, answer }) =>
      version === "TLSv1.3" && asked === "known" && answer.said === "TLSv1.3",
  );
  return served ? old : [...old, "does not agree on TLS 1.3 under its own name"];
}

/** Plain HTTP may do one thing: send its caller to TLS. */
async function judgePlain(listener: Listener, answer: Answer): Promise<ListenerVerdict> {
  const said = await plainAnswer(listener);
  const redirects =
    said !== null && /^HTTP\/1\.[01] 30[1278] /.test(said) && /^location: https:\/\//im.test(said);
  const first = said?.split("\r\n")[0] ?? null;
  return {
    listener: listener.name,
    result: redirects ? "pass" : "fail",
    findings: redirects
      ? []
      : [first === null ? "speaks no TLS" : `speaks no TLS and answers ${first}`],
    rows: [{ version: "TLSv1.3", asked: "known", serverName: listener.serverName, answer }],
    certificate: null,
    plain: first,
  };
}

function certificateFaults(
  chain: readonly Buffer[],
  listener: Listener,
  authority: string | null,
  now: Date,
): string[] {
  const [leaf, ...others] = chain.map((der) => new X509Certificate(der));
  if (leaf === undefined) return [];
  const { bits, key } = keyOf(leaf);
  const faults: string[] = [];
  if (Date.parse(leaf.validTo) <= now.getTime())
    faults.push(`its certificate ended ${leaf.validTo}`);
  if (Date.parse(leaf.validFrom) > now.getTime()) {
    faults.push(`its certificate begins ${leaf.validFrom}`);
  }
  if (bits === 0) faults.push(`its key (${key}) is weak or of an unknown kind`);
  if (listener.serverName !== null && leaf.checkHost(listener.serverName) === undefined) {
    faults.push(`its certificate is not for ${listener.serverName}`);
  }
  if (authority !== null && !isSignedBy(leaf, others, authority)) {
    faults.push("its certificate does not lead to the stack's authority");
  }
  return faults;
}

/** From the leaf over what the server sent to one of the authorities. */
function isSignedBy(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  authority: string,
): boolean {
  const roots = (
    authority.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  ).map((pem) => new X509Certificate(pem));
  const signed = (one: X509Certificate, by: X509Certificate) =>
    one.checkIssued(by) && one.verify(by.publicKey);
  let current = leaf;
  // A chain longer than what was sent would go in circles.
  for (let step = 0; step <= others.length; step += 1) {
    if (roots.some((root) => signed(current, root))) return true;
    const next = others.find((one) => one !== current && signed(current, one));
    if (next === undefined) return false;
    current = next;
  }
  return false;
}

function keyOf(certificate: X509Certificate): { key: string; bits: number } {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = certificate.publicKey;
  if (kind === "ed25519") return { key: "Ed25519", bits: 256 };
  if (kind === "rsa") {
    const bits = details?.modulusLength ?? 0;
    return { key: `RSA ${bits}`, bits: bits >= RSA_BITS_MIN ? bits : 0 };
  }
  const curve = details?.namedCurve ?? "";
  return { key: `${kind} ${curve}`.trim(), bits: EC_CURVES[curve] ?? 0 };
}

function factsOf(leaf: X509Certificate, chain: number, now: Date): CertificateFacts {
  return {
    subject: leaf.subject ?? "",
    issuer: leaf.issuer,
    names: leaf.subjectAltName ?? "",
    validTo: new Date(leaf.validTo).toISOString(),
    daysLeft: Math.floor((Date.parse(leaf.validTo) - now.getTime()) / DAY_MS),
    ...keyOf(leaf),
    sha256: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    chain,
  };
}

function ownName(leaf: X509Certificate | null): string | null {
  return /DNS:([^,\s]+)/.exec(leaf?.subjectAltName ?? "")?.[1]?.replace("*", "any") ?? null;
}

/** Without the chains' bytes: the certificate's facts stand beside. */
function told({ rows, ...verdict }: ListenerVerdict): object {
  return {
    ...verdict,
    rows: rows.map(({ answer: { kind, said }, ...row }) => ({ ...row, kind, said })),
  };
}
