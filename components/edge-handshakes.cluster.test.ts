/**
 * Every handshake that the edge may meet, tried by openssl on the real nginx: each version of TLS, with
 * no, a known and an unknown server name, with and without a client's certificate, at both listeners.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../tools/base/process.ts";
import { ensurePackages } from "../tools/debian/packages.ts";
import { environmentFor } from "../tools/debian/root-folder.ts";
import { createAuthority, issueCertificate } from "../tools/pki/authority.ts";
import { startEdge, type TestEdge } from "./test-edge.ts";

const VERSIONS = {
  "TLS 1.0": "-tls1",
  "TLS 1.1": "-tls1_1",
  "TLS 1.2": "-tls1_2",
  "TLS 1.3": "-tls1_3",
};
type Version = keyof typeof VERSIONS;
const SERVER_NAMES = { none: null, known: "localhost", unknown: "elsewhere.example.org" };
const CERTIFICATES = ["none", "known", "stranger"] as const;
const LISTENERS = ["https", "metrics"] as const;
/** nginx of the test lets one address have 50. */
const AT_ONCE = 8;

let edge: TestEdge;
let openssl: { program: string; env: NodeJS.ProcessEnv };

beforeAll(async () => {
  const { root } = await ensurePackages(["openssl"]);
  // No settings of the machine: the client shall be able to do what the server shall refuse.
  const env = { ...environmentFor(root), OPENSSL_CONF: "/dev/null" };
  openssl = { program: path.join(root, "usr/bin/openssl"), env };
  edge = await startEdge();
  for (const name of ["known", "stranger"] as const) {
    const authority = name === "known" ? edge.clientAuthority : await createAuthority("other", 1);
    const request = { commonName: name, dnsNames: [name], usage: "client", days: 1 } as const;
    const { certificate, key } = await issueCertificate(authority, request);
    await writeFile(path.join(edge.folder, `${name}.pem`), `${certificate}${key}`, { mode: 0o600 });
  }
});
afterAll(() => edge?.stop());

interface Attempt {
  readonly version: Version;
  readonly serverName: string | null;
  readonly certificate: (typeof CERTIFICATES)[number];
  readonly port: number;
}

/** The version that was agreed on, or the alert that the server sent. */
async function attempt({ version, serverName, certificate, port }: Attempt): Promise<string> {
  const pem = path.join(edge.folder, `${certificate}.pem`);
  const { stdout, stderr } = await run(
    openssl.program,
    [
      ...["s_client", "-connect", `127.0.0.1:${port}`, "-brief", VERSIONS[version]],
      // Without it the client itself refuses what is older than 1.2.
      ...["-cipher", "ALL:@SECLEVEL=0"],
      ...(serverName === null ? ["-noservername"] : ["-servername", serverName]),
      ...(certificate === "none" ? [] : ["-cert", pem, "-key", pem]),
    ],
    { env: openssl.env, input: "", signal: AbortSignal.timeout(20_000) },
  );
  const said = stdout + stderr;
  const agreed = /Protocol version: (\S+)/.exec(said)?.[1];
  return agreed ?? /alert [a-z ]+/.exec(said)?.[0] ?? said;
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
  for (const version of Object.keys(VERSIONS) as Version[]) {
    spoken.push(await attempt({ version, serverName: "localhost", certificate: "none", port }));
  }
  server.close();
  expect(spoken).toEqual(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
});

test("only TLS 1.3 is agreed on, whoever asks for whom", async () => {
  const cases = LISTENERS.flatMap((listener) =>
    (Object.keys(VERSIONS) as Version[]).flatMap((version) =>
      Object.entries(SERVER_NAMES).flatMap(([name, serverName]) =>
        CERTIFICATES.map((certificate) => ({ listener, version, name, serverName, certificate })),
      ),
    ),
  );
  const rows: string[] = [];
  const wrong: string[] = [];
  for (let from = 0; from < cases.length; from += AT_ONCE) {
    const batch = cases.slice(from, from + AT_ONCE);
    const answers = await Promise.all(
      batch.map(({ listener, ...rest }) => attempt({ ...rest, port: edge.ports[listener] })),
    );
    batch.forEach(({ listener, version, name, certificate }, index) => {
      const answer = answers[index] ?? "";
      const columns = [listener.padEnd(8), version, name.padEnd(8), certificate.padEnd(9), answer];
      const row = columns.join("  ");
      rows.push(row);
      // The server says why: a broken client would refuse, too.
      const right = version === "TLS 1.3" ? "TLSv1.3" : "alert protocol version";
      if (answer !== right) wrong.push(row);
    });
  }
  process.stdout.write(`listener  version  name      shown cert  answer\n${rows.join("\n")}\n`);
  expect(cases).toHaveLength(72);
  expect(wrong).toEqual([]);
});
