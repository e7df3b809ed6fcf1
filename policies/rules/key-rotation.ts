/** Keys are renewed by themselves, and a key that was ordered away can still be called back. */
import type { Report, Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";

const KEY = "aws:kms/key:Key";
/** KMS allows 7 to 30; a mistake that is noticed after a holiday must still be mended. */
const DELETION_DAYS_MIN = 30;
/** KMS' own period, where it allows up to 2,560; a leap year is still one. */
const ROTATION_DAYS_MAX = 366;

export const keyRotation: Rule = {
  name: "key-rotation",
  description:
    "Keys are renewed by themselves; one that was deleted can be called back for 30 days.",
  severity: "high",
  sees: "resource",
  about: "keys or certificates",
  applies: ({ type }) =>
    type === KEY ||
    (type.startsWith("kubernetes:cert-manager.io/") && kindOf(type) === "Certificate"),
  judge: ({ type, props, name }, report) => {
    if (type === KEY) judgeKey(name, props, report);
    else judgeCertificate(`Certificate ${nameIn(props)}`, props, report);
  },
};

function judgeKey(name: string, props: Fields, report: Report): void {
  const usage = textAt(props, "keyUsage") ?? "ENCRYPT_DECRYPT";
  if (usage === "ENCRYPT_DECRYPT" && props["enableKeyRotation"] !== true) {
    report.fails(`${name} is never renewed. Set enableKeyRotation: true.`);
  }
  const every = props["rotationPeriodInDays"] ?? ROTATION_DAYS_MAX;
  if (typeof every !== "number" || every > ROTATION_DAYS_MAX) {
    report.fails(`${name} is renewed every ${String(every)} days. Set rotationPeriodInDays: 365.`);
  }
  const days = props["deletionWindowInDays"] ?? DELETION_DAYS_MIN;
  if (typeof days !== "number" || days < DELETION_DAYS_MIN) {
    report.fails(
      `${name} is gone ${String(days)} days after its deletion. Set deletionWindowInDays: 30.`,
    );
  }
}

function judgeCertificate(where: string, props: Fields, report: Report): void {
  if (textAt(props, "spec", "privateKey", "rotationPolicy") !== "Always") {
    report.fails(`${where} keeps its private key for ever. Set privateKey.rotationPolicy: Always.`);
  }
  if (!isPresent(at(props, "spec", "issuerRef", "name"))) {
    report.fails(`${where} names no issuer, so that nobody renews it. Set issuerRef.`);
  }
}
