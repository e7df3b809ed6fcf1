import { pinnedDigests } from "./pinned-digests.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";
import { judgedByTable } from "./test-table.ts";

const PINNED = `registry.k8s.io/pause:3@sha256:${"a".repeat(64)}`;

judgedByTable(pinnedDigests, {
  good: {
    pods: {
      type: DEPLOYMENT,
      props: deployment({
        containers: [container({ image: PINNED })],
        initContainers: [container({ image: PINNED })],
      }),
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: { metadata: { name: "ledger" }, spec: { imageName: PINNED } },
    },
    catalogue: {
      type: "kubernetes:postgresql.cnpg.io/v1:ImageCatalog",
      props: { spec: { images: [{ major: 17, image: PINNED }] } },
    },
  },
  passes: {
    "a cluster that takes its image from a catalogue": [
      ["cluster", "spec", { imageCatalogRef: { name: "c", major: 17 } }],
    ],
  },
  fails: {
    "a wrong digest of a database cluster": [
      [["cluster", "spec.imageName", "a/b:1@sha256:12"]],
      /Cluster ledger names the digest sha256:12/,
    ],
    "a database cluster with the operator's own image": [
      [["cluster", "spec.imageName", undefined]],
      /Cluster ledger names no image/,
    ],
    "a wrong digest of a catalogue": [
      [["catalogue", "spec.images.0.image", "a@sha256:12"]],
      /ImageCatalog .* names the digest/,
    ],
    "a wrong digest of a cluster's extension": [
      [["cluster", "spec.postgresql.extensions", [{ image: { reference: "a@x" } }]]],
      /Cluster ledger names the digest x/,
    ],
    "a digest that is none": [
      [["pods", "spec.template.spec.containers.0.image", "a/b:1@sha256:12"]],
      /which is none/,
    ],
    "no image": [[["pods", "spec.template.spec.containers.0.image", undefined]], /names no image/],
    "a wrong digest of an init container": [
      [["pods", "spec.template.spec.initContainers.0.image", "a@sha1:1"]],
      /init container main names the digest/,
    ],
    "a wrong digest of an ephemeral container": [
      [["pods", "spec.template.spec.ephemeralContainers", [container({ image: "a@x" })]]],
      /ephemeral container/,
    ],
    "no containers": [[["pods", "spec.template.spec.containers", undefined]], /no containers/],
  },
  open: {
    "a version without a digest": [["pods", "spec.template.spec.containers.0.image", "a/b:1"]],
  },
  unknown: ["pods", "spec.template.spec.containers.0.image"],
});
