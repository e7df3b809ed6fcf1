/**
 * Calls are answered where the profile keeps data. In a profile that lets nothing out, every model is
 * served within the cluster, and no outside provider is configured; in the others, a provider is a
 * person's choice, which the tenant's residency narrows. A name that looks inside leads inside.
 */
import { profileOf } from "../judging/profile.ts";
import type { Context, Report, Rule } from "../judging/rule.ts";
import { containersOf, hasPods, kindOf, nameIn, podsOf, whereOf } from "../kubernetes/pods.ts";
import { filesOf, hasFile, runs } from "../kubernetes/read.ts";
import { at, type Fields, isPresent, textAt } from "../kubernetes/values.ts";
import { hasVariable } from "../kubernetes/variables.ts";

const ROUTES = /^routes\.json$/;
const INSIDE = /^https:\/\/[a-z0-9.-]+\.svc(\.cluster\.local)?(:\d+)?(\/|$)/;
/** Where a pod says itself which host a name is. */
const NAMES = [["hostAliases"], ["dnsConfig", "nameservers"]] as const;
const SECURE = /^https:\/\//;

export const dataResidency: Rule = {
  name: "data-residency",
  description: "Calls are answered where the profile keeps data.",
  severity: "critical",
  sees: "stack",
  about: "routes",
  applies: ({ type, props }) =>
    isAlias(type, props) ||
    (kindOf(type) === "ConfigMap" && hasFile(props, ROUTES)) ||
    (hasPods(type) && podsOf(type, props).items.some((pod) => runs(pod, "gateway"))),
  judge: ({ type, props }, report, context) => {
    if (kindOf(type) === "ConfigMap") return judgeRoutes(props, report, context);
    if (profileOf(context)?.floors.outsideProviders !== false) return;
    if (isAlias(type, props)) {
      report.fails(`Service ${nameIn(props)} is a name for ${aliasOf(props)}. Lead it to pods.`);
      return;
    }
    for (const pod of podsOf(type, props).items) {
      if (NAMES.some((path) => isPresent(at(pod.spec, ...path))))
        report.fails(`${pod.owner} finds hosts by its own list. Leave names to the cluster's DNS.`);
      for (const container of containersOf(pod).items) {
        if (!hasVariable(container, "GW_PROVIDERS_FOLDER", context)) continue;
        report.fails(
          `${whereOf(pod, container)} has outside providers, which profile ${profileOf(context)?.name} does not allow.`,
        );
      }
    }
  },
};

/** A Service that is another host's name, so that what looks inside may be anywhere. */
function isAlias(type: string, props: Fields): boolean {
  return kindOf(type) === "Service" && at(props, "spec", "type") === "ExternalName";
}

function aliasOf(props: Fields): string {
  return textAt(props, "spec", "externalName") ?? "(no host)";
}

function judgeRoutes(props: Parameters<typeof nameIn>[0], report: Report, context: Context): void {
  const profile = profileOf(context);
  for (const { name, text } of filesOf(props, ROUTES)) {
    const where = `ConfigMap ${nameIn(props)}, ${name}`;
    for (const { model, url } of targetsIn(text)) {
      if (url === undefined) report.fails(`${where} cannot be read. Check its form.`);
      else if (!SECURE.test(url))
        report.fails(`${where}: ${model} is asked without TLS at ${url}.`);
      else if (profile?.floors.outsideProviders !== true && !INSIDE.test(url)) {
        report.fails(
          `${where}: ${model} is answered at ${url}, outside. Serve it within the cluster.`,
        );
      }
    }
  }
}

function targetsIn(text: string): { model: string; url: string | undefined }[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [{ model: "", url: undefined }];
  }
  const models = at(document, "models");
  if (!Array.isArray(models)) return [{ model: "", url: undefined }];
  return models.flatMap((model: unknown) => {
    const targets = at(model, "targets");
    return (Array.isArray(targets) ? targets : []).map((target) => ({
      model: textAt(model, "id") ?? "a model",
      url: textAt(target, "url"),
    }));
  });
}
