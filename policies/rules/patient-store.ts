/**
 * A hospital's patients' data has a store apart: a namespace of its own, with its own database and its own
 * walls, and no program of the service but the gateway's fine-tuning in it.
 */
import { profileOf } from "../judging/profile.ts";
import type { Rule } from "../judging/rule.ts";
import { isPostgresCluster, kindOf } from "../kubernetes/pods.ts";
import { asFields, at, textAt } from "../kubernetes/values.ts";

const NAMESPACE = "deepseek-patient";
const STACK = "pulumi:pulumi:Stack";

export const patientStore: Rule = {
  name: "patient-store",
  description: "Patients' data has a namespace, a database and walls of its own.",
  severity: "critical",
  sees: "stack",
  about: "profile that asks for a store of patients' data",
  applies: ({ type }, context) =>
    type === STACK && profileOf(context)?.floors.patientStore === true,
  judge: (_, report, { resources }) => {
    const here = resources.filter(
      ({ props }) => textAt(props, "metadata", "namespace") === NAMESPACE,
    );
    const named = resources.some(
      ({ type, props }) =>
        kindOf(type) === "Namespace" && textAt(props, "metadata", "name") === NAMESPACE,
    );
    if (!named) report.fails(`There is no namespace ${NAMESPACE}. Set deepseek:patientData.`);
    if (!here.some(({ type }) => isPostgresCluster(type))) {
      report.fails(`Patients' data has no database of its own. Set deepseek:patientData.`);
    }
    const closed = here.some(
      ({ type, props }) =>
        kindOf(type) === "NetworkPolicy" &&
        Object.keys(asFields(at(props, "spec", "podSelector")) ?? { none: 1 }).length === 0,
    );
    if (!closed) report.fails(`Namespace ${NAMESPACE} has no walls. Add a default deny.`);
  },
};
