/** Asks the policy packs about a resource and about the stack, and makes mandatory rules block. */
import type { PolicyViolation } from "../events.ts";
import { blocks } from "../policy/violations.ts";
import type { ResourceState } from "../resource.ts";
import type { PropertyMap } from "../values.ts";
import type { Run } from "./run.ts";

/** Returns the inputs after remediation. Throws where a mandatory rule forbids an update. */
export async function judgeResource(run: Run, planned: ResourceState): Promise<PropertyMap> {
  let state = planned;
  const analyzers = await run.options.analyzers;
  for (const analyzer of analyzers) {
    const { inputs, notes } = await analyzer.remediate(state);
    state = { ...state, inputs };
    for (const note of notes) run.reporter.diagnostic("info", `policy ${note}`, state.urn);
  }
  const providerInputs =
    state.provider === undefined ? undefined : run.registry.inputsOf(state.provider);
  for (const analyzer of analyzers) {
    tell(run, await analyzer.analyze(state, providerInputs));
  }
  return state.inputs ?? {};
}

/** A stack policy sees the whole stack, unchanged resources of other targets included. */
export async function judgeStack(run: Run): Promise<void> {
  if (!run.options.judged) return;
  const states = run.journal.freshStates();
  for (const analyzer of await run.options.analyzers) {
    tell(run, await analyzer.analyzeStack(states));
  }
}

function tell(run: Run, violations: readonly PolicyViolation[]): void {
  let blocked: Error | undefined;
  for (const violation of violations) {
    const message = run.reporter.mask.apply(violation.message);
    run.reporter.emit({ type: "policy", violation: { ...violation, message } });
    if (!run.options.blocking || !blocks(violation)) continue;
    const where = violation.urn === "" ? violation.pack : violation.urn;
    blocked = new Error(`policy ${violation.policy} (mandatory) forbids ${where}: ${message}`);
    run.reporter.fail(blocked);
  }
  // A preview goes on, to list every violation at once; an update stops at the first.
  if (blocked !== undefined && !run.preview) throw blocked;
}
