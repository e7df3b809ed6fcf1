/** Nothing is deployed that its makers have given up: nobody mends its faults any more. */
import { podRule } from "../kubernetes/pod-rule.ts";
import { whereOf } from "../kubernetes/pods.ts";
import { parseImage } from "./allowed-images.ts";

interface Archived {
  readonly image: RegExp;
  readonly what: string;
  /** When its repository was archived, or its end was announced. */
  readonly since: string;
  readonly instead: string;
}

const ARCHIVED: readonly Archived[] = [
  {
    image: /(^|\/)(ingress-nginx\/controller|nginx-ingress-controller)$/,
    what: "kubernetes/ingress-nginx",
    since: "2026-03-24",
    instead: "the edge of this package, or an implementation of the Gateway API",
  },
  {
    image: /(^|\/)minio(\/minio)?$/,
    what: "minio/minio",
    since: "2026-04-25",
    instead: "Ceph RGW, or an object store of the site",
  },
  {
    image: /(^|\/)datree(\/|$)/,
    what: "datreeio/datree",
    since: "2023-07-01",
    instead: "this pack",
  },
  {
    image: /(^|\/)(grafana\/promtail|promtail)$/,
    what: "grafana/promtail",
    since: "2026-03-02",
    instead: "the OpenTelemetry Collector",
  },
];

export const noArchivedComponents = podRule({
  name: "no-archived-components",
  description: "Nothing runs that its makers have archived.",
  severity: "high",
  container: (pod, container, report) => {
    const { image } = container.fields;
    if (typeof image !== "string") return;
    const { repository } = parseImage(image);
    const found = ARCHIVED.find((one) => one.image.test(repository));
    if (found === undefined) return;
    report.fails(
      `${whereOf(pod, container)} runs ${found.what}, archived ${found.since}. Use ${found.instead}.`,
    );
  },
});
