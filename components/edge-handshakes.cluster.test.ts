/**
 * Every handshake that the edge may meet, tried on the real nginx by the tool that `npm run policies --
 * STACK --evidence` asks a running stack with: each version of TLS, with no, a known and an unknown server
 * name, with and without a client's certificate, at both listeners.
 */
import tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { handshakeProof } from "../tools/evidence/live/handshake-proof.ts";
import {
  type Attempt,
  handshake,
  VERSIONS,
  type Version,
} from "../tools/evidence/live/handshakes.ts";
import { connectTo, type Listener } from "../tools/evidence/live/listener.ts";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { startEdge, type TestEdge } from "./test-edge.ts";

const SERVER_NAMES = { none: null, known: "localhost", unknown: "elsewhere.example.org" };
const CERTIFICATES = ["none", "known", "stranger"] as const;
const LISTENERS = ["https", "metrics"] as const;

let edge: TestEdge;
const certificates: Partial<Record<string, Attempt["certificate"]>> = {};

beforeAll(async () => {
  edge = await startEdge();
  for (const name of ["known", "stranger"] as const) {
    const authority = name === "known" ? edge.clientAuthority : await createAuthority("other", 1);
    const request = { commonName: name, dnsNames: [name], usage: "client", days: 1 } as const;
    const { certificate: cert, key } = await issueCertificate(authority, request);
    certificates[name] = { cert, key };
  }
});
afterAll(() => edge?.stop());

const at = (port: number, name: string): Listener => ({
  ...{ name, serverName: "localhost", speaks: "tls" },
  connect: () => connectTo("127.0.0.1", port),
});

async function attempt(listener: Listener, attempt: Attempt): Promise<string> {
  const { kind, said } = await handshake(listener, attempt);
  return kind === "agreed" ? said : `${kind}: ${said}`;
}

function proof(listeners: readonly Listener[], authority: string) {
  const title = { zh: "", en: "" };
  const question = { id: "handshakes-edge", title, on: "edge", listeners, authority, without: "" };
  return handshakeProof({ ...question, now: new Date() });
}

test("the client can speak every version to a server that does", async () => {
  const authority = await createAuthority("any version", 1);
  const request = { commonName: "x", dnsNames: ["localhost"], usage: "server", days: 1 } as const;
  const { certificate, key } = await issueCertificate(authority, request);
  const server = tls.createServer({
    ...{ cert: certificate, key, minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" },
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const spoken = [];
  for (const version of VERSIONS) {
    spoken.push(await attempt(at(port, "any"), { version, serverName: "localhost" }));
  }
  server.close();
  expect(spoken).toEqual(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
});

test("only TLS 1.3 is agreed on, whoever asks for whom", async () => {
  const rows: string[] = [];
  const wrong: string[] = [];
  const one = async (name: (typeof LISTENERS)[number], version: Version, asked: string) => {
    const serverName = SERVER_NAMES[asked as keyof typeof SERVER_NAMES];
    for (const shown of CERTIFICATES) {
      const certificate = certificates[shown];
      const answer = await attempt(at(edge.ports[name], name), {
        ...{ version, serverName },
        ...(certificate === undefined ? {} : { certificate }),
      });
      const row = [name.padEnd(8), version, asked.padEnd(8), shown.padEnd(9), answer].join("  ");
      rows.push(row);
      // The server says why: a broken client would be refused, too.
      const right = version === "TLSv1.3" ? "TLSv1.3" : "refused: protocol version";
      if (answer !== right) wrong.push(row);
    }
  };
  for (const listener of LISTENERS) {
    for (const version of VERSIONS) {
      for (const asked of Object.keys(SERVER_NAMES)) await one(listener, version, asked);
    }
  }
  process.stdout.write(`listener  version  name      shown cert  answer\n${rows.join("\n")}\n`);
  expect(rows).toHaveLength(72);
  expect(wrong).toEqual([]);
});

test("as evidence: the edge as it is passes, its plain listener by redirecting", async () => {
  const listeners = [
    at(edge.ports.https, "https"),
    at(edge.ports.metrics, "metrics"),
    at(edge.ports.http, "http"),
    { ...at(edge.ports.balanced, "balanced"), speaks: "proxied" as const },
  ];
  const shown = await proof(listeners, edge.ca);
  expect([shown.result, shown.findings]).toEqual(["pass", []]);
  expect(shown.figures).toMatchObject({
    ...{ listeners: 4, handshakes: 37, agreed: 9, "refused by an alert": 27 },
    "least bits of a key": 256,
  });
});

test("by another authority, or where nobody listens, it does not", async () => {
  const other = await createAuthority("other", 1);
  const strange = await proof([at(edge.ports.https, "https")], other.certificate);
  expect(strange.findings).toEqual([
    "https: its certificate does not lead to the stack's authority",
  ]);
  const nobody = await proof([at(1, "nobody")], edge.ca);
  expect(nobody.result).toBe("notEvaluated");
  expect(nobody.findings[0]).toContain("ECONNREFUSED");
  expect((await proof([], edge.ca)).result).toBe("notEvaluated");
});

test("with TLS 1.2 switched on by hand it fails, and says for whom", async () => {
  await edge.stop();
  edge = await startEdge((text) =>
    text.replaceAll("ssl_protocols TLSv1.3;", "ssl_protocols TLSv1.2 TLSv1.3;"),
  );
  const shown = await proof([at(edge.ports.https, "https")], edge.ca);
  expect([shown.result, shown.findings]).toEqual([
    "fail",
    ["none", "known", "unknown"].map((name) => `https: agrees on TLSv1.2 (${name} server name)`),
  ]);
});
