/**
 * A node's metadata service gives out the node's own credentials. It answers sessions only (IMDSv2), and
 * not across a hop, so that a pod cannot ask for them. What a node reads when it starts turns none of its own
 * guards off.
 */
import { NODE_GROUP } from "../aws/resources.ts";
import { userDataTexts } from "../aws/user-data.ts";
import type { Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { at, isPresent } from "../kubernetes/values.ts";

const MACHINES = /^aws:ec2\/(launchTemplate|launchConfiguration|instance|spotInstanceRequest):/;

/** What a script, a unit or nodeadm's and kubelet's settings say where they turn a guard off. */
const TURNS_OFF: readonly (readonly [what: string, pattern: RegExp])[] = [
  [
    "the kubelet's authentication",
    /--anonymous-auth[= ]true|anonymous["']?:\s*\{?\s*["']?enabled["']?:\s*true/,
  ],
  ["the kubelet's authorisation", /\bAlwaysAllow\b/],
  ["the kubelet's closed port", /read-?only-?port["']?[:= ]\s*["']?[1-9]/i],
  [
    "the renewal of the kubelet's certificate",
    /rotate-?(server-?)?certificates["']?[:= ]\s*["']?false/i,
  ],
  ["seccomp", /seccompDefault["']?:\s*["']?false|--seccomp-default[= ]false/],
  ["the kernel's own guards", /\bmitigations=off\b|protectKernelDefaults["']?:\s*["']?false/],
  ["SELinux", /\bsetenforce\s+(0|permissive)\b|^\s*SELINUX=(disabled|permissive)/im],
  [
    "a service that guards it",
    /systemctl\s+(?:-\S+\s+)*(?:stop|disable|mask)\s[^\n;&|]*\b(auditd|firewalld|nftables|iptables|amazon-ssm-agent|amazon-cloudwatch-agent|falco)\b/,
  ],
  ["sessions of its metadata", /--http-tokens\s+optional\b/],
  ["keys for SSH", /^\s*(PasswordAuthentication|PermitRootLogin)\s+yes\b/im],
];

export const hardenedNodes: Rule = {
  name: "hardened-nodes",
  description: "Nodes give their credentials to nobody (IMDSv2, one hop) and keep their guards on.",
  severity: "high",
  sees: "resource",
  about: "machines of a cloud",
  applies: ({ type }) => MACHINES.test(type) || type === NODE_GROUP,
  judge: ({ type, props, name }, report) => {
    if (type === NODE_GROUP) {
      if (isPresent(props["launchTemplate"])) return;
      report.fails(`${name} answers pods, as its service's own template does. Set launchTemplate.`);
      return;
    }
    judgeEach(
      [
        () => judgeOptions(name, props["metadataOptions"], report),
        ...["userData", "userDataBase64"].map((key) => () => judgeStart(name, props[key], report)),
      ],
      (judge) => judge(),
    );
  },
};

function judgeOptions(name: string, options: unknown, report: Report): void {
  if (at(options, "httpTokens") !== "required") {
    report.fails(`${name} answers without a session. Set metadataOptions.httpTokens: required.`);
  }
  if (at(options, "httpPutResponseHopLimit") !== 1) {
    report.fails(`${name} answers pods. Set metadataOptions.httpPutResponseHopLimit: 1.`);
  }
}

function judgeStart(name: string, userData: unknown, report: Report): void {
  if (typeof userData !== "string") return;
  const texts = userDataTexts(userData);
  if (texts === undefined)
    report.fails(`${name} has user data that cannot be read. Check its form.`);
  for (const [what, pattern] of TURNS_OFF) {
    if (texts?.some((text) => pattern.test(text)) === true)
      report.fails(`${name} turns off ${what} when it starts. Take that out of its user data.`);
  }
}
