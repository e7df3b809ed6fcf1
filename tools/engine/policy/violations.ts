/** What a policy pack said about resources, in the engine's words. */
import type { PolicyViolation } from "../events.ts";
import { analyzerProto } from "../wire/proto.ts";

type AnalyzeDiagnostic = InstanceType<typeof analyzerProto.AnalyzeDiagnostic>;

/**
 * @pulumi/policy turns a rule that met an unknown value into an advisory note with this text
 * (policy/server.js). It must never count as a pass, nor as a violation.
 */
const NOT_EVALUATED = /^can't run policy .* during preview/;

export function toViolation(diagnostic: AnalyzeDiagnostic, urn: string): PolicyViolation {
  const message = diagnostic.getMessage();
  const notEvaluated = NOT_EVALUATED.test(message);
  return {
    pack: diagnostic.getPolicypackname(),
    packVersion: diagnostic.getPolicypackversion(),
    policy: diagnostic.getPolicyname(),
    urn: diagnostic.getUrn() === "" ? urn : diagnostic.getUrn(),
    message: withoutDescription(message, diagnostic.getDescription()),
    level: notEvaluated ? "advisory" : levelOf(diagnostic.getEnforcementlevel()),
    notEvaluated,
  };
}

export function blocks(violation: PolicyViolation): boolean {
  return violation.level === "mandatory" && !violation.notEvaluated;
}

/** The SDK writes "description\nmessage"; the description is the rule's, not the resource's. */
function withoutDescription(message: string, description: string): string {
  return description !== "" && message.startsWith(`${description}\n`)
    ? message.slice(description.length + 1)
    : message;
}

function levelOf(level: number): PolicyViolation["level"] {
  const levels = analyzerProto.EnforcementLevel;
  if (level === levels.MANDATORY) return "mandatory";
  if (level === levels.REMEDIATE) return "remediate";
  if (level === levels.DISABLED) return "disabled";
  return "advisory";
}
