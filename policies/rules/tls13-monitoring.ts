/**
 * Monitoring carries who called what, so it travels as everything else: web servers of Prometheus, its
 * exporters, Alertmanager and Grafana take TLS 1.3 only, and every scrape is over HTTPS. One thing may come in
 * clear, from exporters that have no TLS: counters of GPUs, where nothing else is kept of what is said there.
 */
import type { Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesOf, hasFile } from "../kubernetes/read.ts";

const WEB = /^web\.ya?ml$/;
const SCRAPES = /^prometheus\.ya?ml$/;
const GRAFANA = /^grafana\.ini$/;
const HTTPS = /^\s+scheme:\s*["']?https["']?\s*$/m;
const PLAIN_GPU_COUNTERS =
  /\n\s+scheme: http\s[\s\S]*\s+metric_relabel_configs:\s+- source_labels:\s+- __name__\s+regex: DCGM_\.\*\s+action: keep\s*$/;
/** What each section of Grafana's settings must say. */
const GRAFANA_SAYS: readonly (readonly [section: string, line: RegExp, says: string])[] = [
  ["server", /^protocol = https$/m, "protocol = https"],
  ["server", /^min_tls_version = "?TLS1\.3"?$/m, "min_tls_version = TLS1.3"],
  // Who may read the samples without a name reads who called what.
  ["auth.anonymous", /^enabled = false$/m, "enabled = false"],
];

export const tls13Monitoring: Rule = {
  name: "tls13-monitoring",
  description: "Prometheus, exporters, Alertmanager and Grafana speak TLS 1.3 only.",
  severity: "medium",
  sees: "resource",
  about: "configuration of monitoring",
  applies: ({ type, props }) =>
    ["ConfigMap", "Secret"].includes(kindOf(type) ?? "") &&
    [WEB, SCRAPES, GRAFANA].some((file) => hasFile(props, file)),
  judge: ({ props }, report) => {
    const where = nameIn(props);
    for (const { name, text } of filesOf(props, WEB)) {
      if (/^\s+min_version:\s*["']?TLS13["']?\s*$/m.test(text)) continue;
      report.fails(
        `${where}, ${name} takes less than TLS 1.3. Set tls_server_config.min_version: TLS13.`,
      );
    }
    for (const { name, text } of filesOf(props, GRAFANA)) {
      for (const [section, line, says] of GRAFANA_SAYS) {
        if (line.test(sectionOf(text, section))) continue;
        report.fails(`${where}, ${name} lets in more than it should. Set ${says} in [${section}].`);
      }
    }
    for (const { name, text } of filesOf(props, SCRAPES)) {
      const jobs = jobsIn(text);
      const alertmanagers = /^\s+- scheme:\s*["']?http["']?\s*$/m.test(text);
      if (alertmanagers || !jobs.every((job) => HTTPS.test(job) || PLAIN_GPU_COUNTERS.test(job))) {
        report.fails(`${where}, ${name} scrapes without TLS. Give every job scheme: https.`);
      }
      if (/insecure_skip_verify:\s*true/.test(text)) {
        report.fails(`${where}, ${name} trusts any certificate. Remove insecure_skip_verify.`);
      }
    }
  },
};

/** Each job's own lines: what the whole says elsewhere (of Alertmanagers) is no word about it. */
function jobsIn(text: string): string[] {
  const [, ...jobs] = text.split(/^(?=[ \t]+- job_name:)/m);
  return jobs.map((job) => job.split(/^\S/m)[0] ?? "");
}

function sectionOf(text: string, section: string): string {
  const [, rest = ""] = `\n${text}`.split(`\n[${section}]\n`);
  return rest.split(/^\[/m)[0] ?? "";
}
