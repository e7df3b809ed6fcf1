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
  },
  fails: {
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
