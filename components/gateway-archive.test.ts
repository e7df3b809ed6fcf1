/** The archiver in a gateway's pod: what it may read, what it may write, and where it sends. */
import { describe, expect, test } from "vitest";
import type { Loose } from "../stacks/test-objects.ts";
import { readConfig } from "../tools/audit-archive/config.ts";
import { limits } from "../tools/audit-archive/limits.ts";
import { ARCHIVE_STOP_SECONDS, type ArchivePlace, archiveSidecar } from "./gateway-archive.ts";
import { podTemplate } from "./pod-template.ts";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const STORE: ArchivePlace = {
  kind: "bucket",
  destination: "s3://audit/bank",
  endpoint: "https://objects.example.org:9000",
  region: "us-east-1",
  secret: "audit-access",
};

function podOf(place: ArchivePlace): Loose {
  return podTemplate({
    name: "gateway",
    image: "gateway:test",
    ports: {},
    resources: { cpu: "1", memory: "1Gi" },
    mounts: [
      { name: "data", path: "/data", claim: true },
      { name: "tls", path: "/etc/tls", secret: "tls" },
    ],
    health: null,
    terminationSeconds: 60,
    sidecars: [archiveSidecar({ image: "archive:test", place })],
  }).spec;
}
const sidecarOf = (place: ArchivePlace): Loose => podOf(place).initContainers[0];

test("it starts before the gateway, runs beside it, and is as restricted", () => {
  const { initContainers, containers } = podOf(STORE);
  expect(initContainers).toHaveLength(1);
  expect(initContainers[0]).toMatchObject({ name: "audit-archive", restartPolicy: "Always" });
  expect(initContainers[0].securityContext).toEqual(containers[0].securityContext);
  // A gateway waits until its archiver runs; whether the archive answers is not asked.
  expect(initContainers[0].startupProbe.httpGet).toMatchObject({ path: "/readyz" });
});

test("of the gateway's volume it reads the trail and writes a folder of its own", () => {
  expect(sidecarOf(STORE).volumeMounts.filter(({ name }: Loose) => name === "data")).toEqual([
    { name: "data", mountPath: "/audit", subPath: "audit", readOnly: true },
    { name: "data", mountPath: "/state", subPath: "archive-state" },
  ]);
});

test("its time to stop covers its last round", () => {
  expect(ARCHIVE_STOP_SECONDS * 1_000).toBeGreaterThan(limits.lastRoundMs);
});

describe("its variables are what the program takes", () => {
  const places: readonly (readonly [ArchivePlace, string])[] = [
    [{ kind: "cloud", bucket: "archive", region: "eu-central-1", key: KEY }, "s3://archive/audit"],
    [STORE, "s3://audit/bank"],
    [{ kind: "volume", claim: "worm" }, "file:///archive"],
  ];
  test.each(places)("%j", async (place, where) => {
    const entries = await Promise.all(
      sidecarOf(place).env.map(
        async ({ name, value }: Loose) => [name, await resolved(value)] as const,
      ),
    );
    const known = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const given = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    const config = readConfig({ ...known, ...given });
    expect(config).toMatchObject({ folder: "/audit", state: "/state", target: { where } });
  });
});

test("keys of an object store are mounted from its Secret, into no other container", () => {
  const { initContainers, containers, volumes } = podOf(STORE);
  const secret = { secretName: "audit-access", defaultMode: 0o440 };
  expect(volumes).toContainEqual({ name: "archive-keys", secret });
  const mountOf = (container: Loose) =>
    container.volumeMounts.filter(({ name }: Loose) => name === "archive-keys");
  expect(mountOf(initContainers[0])).toEqual([
    { name: "archive-keys", mountPath: "/etc/archive-keys", readOnly: true },
  ]);
  expect(mountOf(containers[0])).toEqual([]);
});

test("a store's own authority and a write-once volume are mounted there", () => {
  const authority = podOf({ ...STORE, authority: "objects-ca" });
  expect(authority.volumes).toContainEqual({
    name: "archive-authority",
    secret: { secretName: "objects-ca", defaultMode: 0o440 },
  });
  const volume = podOf({ kind: "volume", claim: "worm" });
  expect(volume.volumes).toContainEqual({
    name: "archive",
    persistentVolumeClaim: { claimName: "worm", readOnly: false },
  });
  expect(volume.initContainers[0].volumeMounts).toContainEqual({
    name: "archive",
    mountPath: "/archive",
  });
});

function resolved(value: Loose): Promise<string | undefined> | string | undefined {
  if (typeof value?.apply !== "function") return value;
  return new Promise((resolve) => value.apply(resolve));
}
