/** Weights copied onto a site's volumes: what it adds, what it may reach, and that nothing waits for it. */
import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { mirrorName } from "../components/serving/weights-mirror.ts";
import { changed, committedValues, type Values } from "../config/test-settings.ts";
import { neededSecrets } from "./given-secrets.ts";
import { siteFaults } from "./site-faults.ts";
import { siteProgram } from "./site-program.ts";
import { type Loose, named, settingsOf } from "./test-objects.ts";
import { type Program, runProgram } from "./test-program.ts";

const STACK = "onprem-hospital-b";
const MODELS = ["deepseek-r1-distill-qwen-14b", "deepseek-r1-distill-qwen-7b"];
const DIGEST = "ab".repeat(32);
const MIRROR = {
  from: "s3://weights/hospital/",
  endpoint: "https://objects.a.hospital.example:9000",
  ranges: ["10.1.0.32/28"],
  secret: "weights-reader",
  authority: "objects-authority",
};

const pinned = () =>
  changed(
    committedValues(STACK),
    "site.other.weights",
    Object.fromEntries(MODELS.map((model) => [model, `sha256:${DIGEST}`])),
  );
const program = async (values: Values) => {
  const settings = settingsOf(values);
  return runProgram(await siteProgram(settings), settings);
};
const byName = ({ resources }: Program) =>
  new Map(resources.map(({ type, name, inputs }) => [`${type.split(":").at(-1)}:${name}`, inputs]));

let without: Program;
let mirrored: Program;

beforeAll(async () => {
  without = await program(pinned());
  mirrored = await program(changed(pinned(), "weightsMirror", MIRROR));
});

test("adds a Job per model and its way out, and changes nothing that serves", () => {
  const [before, after] = [byName(without), byName(mirrored)];
  const touched = [...after].filter(([key, inputs]) => !isDeepStrictEqual(before.get(key), inputs));
  expect(touched.map(([key]) => key).sort()).toEqual([
    "CronJob:weights-mirror-deepseek-r1-distill-qwen-14b",
    "CronJob:weights-mirror-deepseek-r1-distill-qwen-7b",
    "NetworkPolicy:deepseek-allow-weights-mirror",
    "WeightsMirror:weights-mirror",
  ]);
  expect([...before.keys()].filter((key) => !after.has(key))).toEqual([]);
  const naming = mirrored.resources.filter(({ inputs }) =>
    JSON.stringify(inputs).includes("objects.a.hospital.example"),
  );
  expect(naming.map(({ type }) => type)).toEqual([
    "kubernetes:batch/v1:CronJob",
    "kubernetes:batch/v1:CronJob",
  ]);
});

test("a Job writes where engines read, one at a time, by the digest that both sites pin", () => {
  const job: Loose = named("CronJob", `mirror-${MODELS[1]}`, mirrored);
  const model: Loose = named("Deployment", `model-${MODELS[1]}`, mirrored);
  const pod = job.spec.jobTemplate.spec.template.spec;
  const [container] = pod.containers;
  const variables = Object.fromEntries(container.env.map((one: Loose) => [one.name, one.value]));
  expect(job.spec.concurrencyPolicy).toBe("Forbid");
  expect(variables).toMatchObject({
    WEIGHTS_MIRROR: "true",
    WEIGHTS_FROM: `s3://weights/hospital/${MODELS[1]}`,
    WEIGHTS_MANIFEST_SHA256: DIGEST,
    AWS_ENDPOINT_URL_S3: MIRROR.endpoint,
    WEIGHTS_TRANSIT_URL: "https://openbao.b.hospital.example",
    NODE_EXTRA_CA_CERTS: "/etc/weights-mirror-authority/ca.crt",
  });
  const claimOf = (spec: Loose) =>
    spec.volumes.find((one: Loose) => one.persistentVolumeClaim !== undefined)
      .persistentVolumeClaim;
  expect(claimOf(pod).claimName).toBe(claimOf(model.spec.template.spec).claimName);
  expect(container.volumeMounts.find(({ name }: Loose) => name === "weights").readOnly).not.toBe(
    true,
  );
  expect(pod).toMatchObject({ restartPolicy: "Never", automountServiceAccountToken: false });
});

test("its pods reach that store, this site's keeper of keys and the name server, and are reached by nobody", () => {
  const { spec }: Loose = named("NetworkPolicy", "allow-weights-mirror", mirrored);
  expect(spec.ingress ?? []).toEqual([]);
  const ways = spec.egress.map(({ to, ports }: Loose) => [to[0].ipBlock.cidr, ports[0].port]);
  expect(ways).toEqual([
    ["10.1.0.32/28", 9000],
    ["10.0.0.16/32", 443],
  ]);
});

test("a Job's name is one that Kubernetes takes, and another model's is another", () => {
  const long = "a".repeat(48);
  const names = ["qwen-2.5", "qwen-2-5", long, `${long.slice(1)}b`].map(mirrorName);
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(name).toMatch(/^mirror-[a-z0-9-]{1,44}[a-z0-9]$/);
});

test("its Secret is one that others may bring", () => {
  const names = neededSecrets(settingsOf(changed(pinned(), "weightsMirror", MIRROR)));
  expect(names.find(({ name }) => name === MIRROR.secret)?.keys).toEqual([
    "ACCESS_KEY_ID",
    "ACCESS_SECRET_KEY",
  ]);
});

describe("is refused", () => {
  const faultsOf = (values: Values) =>
    siteFaults(settingsOf(changed(values, "weightsMirror", MIRROR))).map(({ path }) => path);

  test("where nothing says which weights are meant", () => {
    expect(faultsOf(committedValues(STACK))).toEqual([
      "deepseek:models[0].server.weights.manifest",
      "deepseek:models[1].server.weights.manifest",
    ]);
    expect(faultsOf(pinned())).toEqual([]);
  });

  test("on AWS, and where no model is on a volume", () => {
    expect(faultsOf(committedValues("hybrid-standby"))).toContain("deepseek:weightsMirror");
    expect(faultsOf(committedValues("container"))).toContain("deepseek:weightsMirror");
  });
});
