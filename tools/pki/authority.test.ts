import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, connect as tlsConnect } from "node:tls";
import { expect, test } from "vitest";
import { certificateExpiry, createAuthority, issueCertificate } from "./authority.ts";

test("an issued certificate is verified by its authority and carries what was asked", async () => {
  const authority = await createAuthority("Test CA", 10);
  const leaf = await issueCertificate(authority, {
    commonName: "system:node:local",
    organization: ["system:nodes", "Krankenhaus Süd & Söhne"],
    dnsNames: ["localhost", "*.example.test"],
    addresses: ["127.0.0.1", "::1"],
    usage: "both",
    days: 30,
  });
  const issuer = new X509Certificate(authority.certificate);
  const certificate = new X509Certificate(leaf.certificate);
  expect(issuer.ca).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.checkIssued(issuer)).toBe(true);
  expect(certificate.verify(issuer.publicKey)).toBe(true);
  expect(certificate.subject.split("\n")).toEqual([
    "O=system:nodes",
    "O=Krankenhaus Süd & Söhne",
    "CN=system:node:local",
  ]);
  expect(certificate.checkHost("a.example.test")).toBe("*.example.test");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.checkIP("127.0.0.2")).toBeUndefined();
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  const days = (certificateExpiry(leaf.certificate).getTime() - Date.now()) / 86_400_000;
  expect(days).toBeCloseTo(30, 2);
});

test("a certificate never outlives its authority, and two serial numbers differ", async () => {
  const authority = await createAuthority("Short CA", 1);
  const request = { commonName: "a", usage: "client", days: 4000 } as const;
  const [one, two] = [
    await issueCertificate(authority, request),
    await issueCertificate(authority, request),
  ];
  expect(certificateExpiry(one.certificate)).toEqual(certificateExpiry(authority.certificate));
  expect(new X509Certificate(one.certificate).serialNumber).not.toBe(
    new X509Certificate(two.certificate).serialNumber,
  );
});

test("TLS 1.3 with client certificates works both ways; a stranger is refused", async () => {
  const [authority, other] = await Promise.all([createAuthority("A", 1), createAuthority("B", 1)]);
  const server = await issueCertificate(authority, {
    commonName: "server",
    addresses: ["127.0.0.1"],
    usage: "server",
    days: 1,
  });
  const listener = createServer({
    key: server.key,
    cert: server.certificate,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  });
  listener.on("secureConnection", (socket) =>
    socket.end(String(socket.getPeerCertificate().subject.CN)),
  );
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const bound = listener.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const ask = async (issuer: typeof authority, usage: "client" | "server") => {
    const client = await issueCertificate(issuer, { commonName: "caller", usage, days: 1 });
    return new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = tlsConnect({
        host: "127.0.0.1",
        port,
        ca: authority.certificate,
        key: client.key,
        cert: client.certificate,
      });
      socket.setTimeout(5_000, () => socket.destroy(new Error("no answer")));
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.once("error", reject);
      socket.once("end", () => resolve(text));
    });
  };
  expect(await ask(authority, "client")).toBe("caller");
  // The server refuses after the client has finished its part of the handshake: an error or an end.
  expect(await ask(other, "client").catch(() => "")).toBe("");
  expect(await ask(authority, "server").catch(() => "")).toBe("");
  listener.close();
});
