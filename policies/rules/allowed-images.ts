/**
 * Images come from known repositories and name one exact thing: a digest or a version, never
 * `latest` and never nothing. `registries` is a list of prefixes by path segment; `*` stands for
 * part of a host name.
 */
import type { Context, Report } from "../judging/rule.ts";
import { imageRule } from "../kubernetes/image-rule.ts";

/** Whose images the stacks use; everything else a customer adds by policy configuration. */
const REGISTRIES = [
  "deepseek.local",
  "docker.io/library",
  "docker.io/nginxinc",
  "docker.io/vllm",
  "docker.io/grafana",
  "docker.io/rayproject",
  "nvcr.io/nvidia",
  "quay.io/prometheus",
  "registry.k8s.io",
  "*.dkr.ecr.*.amazonaws.com",
  "*.dkr.ecr.*.amazonaws.com.cn",
  // Examples of registries of one's own, which the stacks of this package name (RFC 2606).
  "registry.example.org/deepseek",
  "*.bank.example/deepseek",
  "*.hospital.example/deepseek",
];

export const allowedImages = imageRule({
  name: "allowed-images",
  description: "Images come from allowed repositories and never by the tag `latest`.",
  severity: "high",
  configSchema: {
    properties: { registries: { type: "array", items: { type: "string" }, default: REGISTRIES } },
  },
  image: judgeImage,
});

function judgeImage(where: string, image: string, report: Report, { settings }: Context): void {
  const { repository, tag, digest } = parseImage(image);
  const registries = Array.isArray(settings.registries)
    ? settings.registries.map(String)
    : REGISTRIES;
  if (!registries.some((registry) => isUnder(repository, registry))) {
    report.fails(
      `${where} takes ${image} from a repository that is not allowed. Allowed: ${registries.join(", ")}.`,
    );
  }
  if (digest === undefined && (tag === undefined || tag === "latest")) {
    report.fails(`${where} takes whatever ${image} is today. Give a version or a digest.`);
  }
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    report.fails(`${where} names the digest ${digest}, which is none. Give sha256: and 64 digits.`);
  }
}

export interface ImageReference {
  /** With its registry: `docker.io/library/redis`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** https://github.com/distribution/reference: what has no registry is Docker Hub's. */
export function parseImage(image: string): ImageReference {
  const [name = "", digest] = image.trim().split("@");
  const colon = name.lastIndexOf(":");
  const hasTag = colon > name.lastIndexOf("/");
  const path = hasTag ? name.slice(0, colon) : name;
  const [first = "", ...rest] = path.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const full = isHost ? path : rest.length > 0 ? `docker.io/${path}` : `docker.io/library/${path}`;
  return { repository: full, tag: hasTag ? name.slice(colon + 1) : undefined, digest };
}

/** Is `repository` the prefix itself or below it, segment by segment? */
function isUnder(repository: string, prefix: string): boolean {
  const segments = repository.split("/");
  return prefix.split("/").every((part, index) => matches(segments[index] ?? "", part));
}

function matches(segment: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]+");
  return new RegExp(`^${escaped}$`).test(segment);
}
