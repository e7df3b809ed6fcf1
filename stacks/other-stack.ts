/**
 * Settings, completed by what the other site's stack tells where they ask for it (`site.other.read`).
 * A stack that is read must be there: so a standby reads only while it is told to, and what it read is
 * written into its settings (`npm run sites -- pin`), by which it comes up when the other one is lost.
 */
import * as pulumi from "@pulumi/pulumi";
import { type Parsed, parseSettings } from "../config/parse.ts";
import type { Settings } from "../config/schema.ts";
import { completedOther, type SiteTold, toldFaults } from "./other-site.ts";

type Texts = Readonly<Record<string, string>>;

export async function withOtherStack(texts: Texts): Promise<Parsed> {
  const parsed = parseSettings(texts);
  if ("faults" in parsed) return parsed;
  const { other, role } = parsed.settings.site;
  if (other?.stack === undefined || !other.read) return parsed;
  pulumi.log.info(
    `what ${other.name} is like is read from the stack ${nameOf(other.stack)}; should it be lost: deepseek:site.other.read false, and what the settings do not say yet by hand`,
  );
  const reference = new pulumi.StackReference("other-site", { name: nameOf(other.stack) });
  const [site, replication] = await Promise.all([
    reference.getOutputDetails("site"),
    reference.getOutputDetails("replication"),
  ]);
  const faults = toldFaults(site.value, other, role);
  if (faults.length > 0) return { faults };
  return parseSettings({
    ...texts,
    ...completedTexts(parsed.settings, site.value as SiteTold, replication.secretValue),
  });
}

function completedTexts(settings: Settings, told: SiteTold, replication: unknown): Texts {
  const { site, replicationPasswords } = settings;
  if (site.other === undefined) return {};
  const other = completedOther(site.other, told);
  const follows = site.role === "standby" && replicationPasswords === undefined;
  return {
    "deepseek:site": JSON.stringify({ ...site, other }),
    // Whatever takes these values makes secrets of them again.
    ...(follows && replication !== undefined && replication !== null
      ? { "deepseek:replicationPasswords": JSON.stringify(replication) }
      : {}),
  };
}

function nameOf(stack: string): string {
  if (stack.includes("/")) return stack;
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
}
