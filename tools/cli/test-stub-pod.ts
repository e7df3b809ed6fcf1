/** For tests: something of the world beside the stack, played by one file as a pod in a namespace of its own. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { kubectl } from "./test-kills.ts";
import { runVerbOrFail } from "./test-stack.ts";

export interface StubPod {
  /** Of the pod and of its Service. */
  readonly name: string;
  readonly namespace: string;
  /** In fixtures/; runs by itself: `node FILE FOLDER`, with Node alone. */
  readonly program: string;
  /** Beside it in FOLDER. */
  readonly files: Readonly<Record<string, string>>;
  /** The first one tells that it is ready. */
  readonly ports: readonly number[];
}

const FOLDER = "/stub";

export const hostOf = ({ name, namespace }: Pick<StubPod, "name" | "namespace">) =>
  `${name}.${namespace}.svc`;

/** Resolves with its address once it is ready. */
export async function startStubPod(stub: StubPod): Promise<string> {
  const { name, namespace, program, files, ports } = stub;
  const code = await readFile(path.join(import.meta.dirname, "fixtures", program), "utf8");
  const { stdout: image } = await kubectl(
    ...["get", "deployment", "-n", "deepseek", "-l", "app.kubernetes.io/name=model-server"],
    ...["-o", "jsonpath={.items[0].spec.template.spec.containers[0].image}"],
  );
  const metadata = { name, namespace, labels: { app: name } };
  const served = ports.map((port) => ({ name: `port-${port}`, port }));
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "Secret", metadata, stringData: { ...files, [program]: code } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: name }, ports: served },
    },
    { apiVersion: "v1", kind: "Pod", metadata, spec: podSpec(stub, image.trim()) },
  ];
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await runVerbOrFail(["kubectl", "apply", "-f", "-"], { input: list });
  const pod = ["-n", namespace, `pod/${name}`];
  await kubectl("wait", ...pod, "--for=condition=Ready", "--timeout=90s");
  return (await kubectl("get", ...pod, "-o", "jsonpath={.status.podIP}")).stdout.trim();
}

/** What it has written so far, a JSON value a line. */
export async function linesOf<T>({ name, namespace }: Pick<StubPod, "name" | "namespace">) {
  const { stdout } = await kubectl("logs", "-n", namespace, name);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as T]));
}

function podSpec({ name, program, ports }: StubPod, image: string): object {
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, fsGroup: 10_001 },
    containers: [
      {
        ...{ name, image, imagePullPolicy: "IfNotPresent" },
        command: ["node", `${FOLDER}/${program}`, FOLDER, ...ports.map(String)],
        readinessProbe: { tcpSocket: { port: ports[0] }, periodSeconds: 1 },
        volumeMounts: [{ name: "files", mountPath: FOLDER, readOnly: true }],
      },
    ],
    volumes: [{ name: "files", secret: { secretName: name, defaultMode: 0o440 } }],
  };
}
