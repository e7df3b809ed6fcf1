/**
 * Monitoring carries who called what, so it travels as everything else: web servers of Prometheus, its
 * exporters and Alertmanager take TLS 1.3 only, and every scrape is over HTTPS.
 */
import type { Rule } from "../judging/rule.ts";
import { kindOf, nameIn } from "../kubernetes/pods.ts";
import { filesOf, hasFile } from "../kubernetes/read.ts";

const WEB = /^web\.ya?ml$/;
const SCRAPES = /^prometheus\.ya?ml$/;

export const tls13Monitoring: Rule = {
  name: "tls13-monitoring",
  description: "Prometheus, exporters and Alertmanager speak TLS 1.3 only.",
  severity: "medium",
  sees: "resource",
  about: "configuration of monitoring",
  applies: ({ type, props }) =>
    ["ConfigMap", "Secret"].includes(kindOf(type) ?? "") &&
    (hasFile(props, WEB) || hasFile(props, SCRAPES)),
  judge: ({ props }, report) => {
    const where = nameIn(props);
    for (const { name, text } of filesOf(props, WEB)) {
      if (/^\s+min_version:\s*["']?TLS13["']?\s*$/m.test(text)) continue;
      report.fails(
        `${where}, ${name} takes less than TLS 1.3. Set tls_server_config.min_version: TLS13.`,
      );
    }
    for (const { name, text } of filesOf(props, SCRAPES)) {
      const jobs = [...text.matchAll(/^\s+- job_name:/gm)].length;
      const secure = [...text.matchAll(/^\s+(?:- )?scheme:\s*["']?https["']?\s*$/gm)].length;
      const plain = /^\s+(?:- )?scheme:\s*["']?http["']?\s*$/m.test(text);
      if (plain || secure < jobs) {
        report.fails(`${where}, ${name} scrapes without TLS. Give every job scheme: https.`);
      }
      if (/insecure_skip_verify:\s*true/.test(text)) {
        report.fails(`${where}, ${name} trusts any certificate. Remove insecure_skip_verify.`);
      }
    }
  },
};
