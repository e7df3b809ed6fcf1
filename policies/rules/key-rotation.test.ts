import { keyRotation } from "./key-rotation.ts";
import { judgedByTable } from "./test-table.ts";

judgedByTable(keyRotation, {
  good: {
    key: { type: "aws:kms/key:Key", props: { enableKeyRotation: true, deletionWindowInDays: 30 } },
    certificate: {
      type: "kubernetes:cert-manager.io/v1:Certificate",
      props: { spec: { privateKey: { rotationPolicy: "Always" }, issuerRef: { name: "i" } } },
    },
  },
  passes: {
    "a key that signs": [
      ["key", "keyUsage", "SIGN_VERIFY"],
      ["key", "enableKeyRotation", undefined],
    ],
  },
  fails: {
    "a key that is renewed every seven years": [
      [["key", "rotationPeriodInDays", 2560]],
      /renewed every 2560 days/,
    ],
    "a key for ever": [[["key", "enableKeyRotation", undefined]], /never renewed/],
    "a key that is gone in a week": [[["key", "deletionWindowInDays", 7]], /gone 7 days/],
    "a private key for ever": [
      [["certificate", "spec.privateKey.rotationPolicy", "Never"]],
      /private key for ever/,
    ],
    "no word about the private key": [
      [["certificate", "spec.privateKey", undefined]],
      /private key for ever/,
    ],
    "nobody who renews it": [[["certificate", "spec.issuerRef", undefined]], /no issuer/],
  },
  unknown: ["key", "enableKeyRotation"],
});
