/**
 * Pods run with the rights of the "restricted" Pod Security Standard
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/) and, beyond it, with a
 * root file system that nobody can write. Host access is the rule no-host-access.
 */
import type { Report } from "../judging/rule.ts";
import { podRule } from "../kubernetes/pod-rule.ts";
import { type Container, type Pod, whereOf } from "../kubernetes/pods.ts";
import { asFields, at, type Fields, isPresent } from "../kubernetes/values.ts";

const SECCOMP = ["RuntimeDefault", "Localhost"];
const CAPABILITIES_ADDED = ["NET_BIND_SERVICE"];
const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
const CONFINED = /^(runtime\/default|localhost\/.+)?$/;
const SELINUX_TYPES = [
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
];
const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];
/** Set safely per pod, by the same standard. */
const SYSCTLS = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
];

export const restrictedPods = podRule({
  name: "restricted-pods",
  description: "Pods run as an ordinary user, without privileges, on a read-only file system.",
  severity: "high",
  pod: judgePod,
  container: judgeContainer,
});

function judgePod(pod: Pod, report: Report): void {
  const context = asFields(pod.spec.securityContext) ?? {};
  if (context.runAsUser === 0) report.fails(`${pod.owner} runs as root. Set runAsUser to 10001.`);
  judgeProfiles(pod.owner, context, report);
  for (const [key, value] of Object.entries(pod.annotations)) {
    if (!key.startsWith(APPARMOR_ANNOTATION) || CONFINED.test(String(value))) continue;
    report.fails(`${pod.owner} lifts AppArmor (${key}). Remove the annotation.`);
  }
  const { sysctls } = context;
  for (const sysctl of Array.isArray(sysctls) ? sysctls : []) {
    const name = String(at(sysctl, "name"));
    if (SYSCTLS.includes(name)) continue;
    report.fails(`${pod.owner} sets the sysctl ${name}, which is not safe per pod. Remove it.`);
  }
  const { volumes } = pod.spec;
  for (const volume of Array.isArray(volumes) ? volumes : []) {
    const kinds = Object.keys(asFields(volume) ?? {}).filter((key) => key !== "name");
    // hostPath has a rule and a message of its own.
    const wrong = kinds.filter((kind) => !VOLUMES.includes(kind) && kind !== "hostPath");
    for (const kind of wrong) {
      report.fails(
        `${pod.owner} mounts a volume of type ${kind}. Use one of: ${VOLUMES.join(", ")}.`,
      );
    }
  }
}

function judgeContainer(pod: Pod, container: Container, report: Report): void {
  const where = whereOf(pod, container);
  const own = asFields(container.fields.securityContext) ?? {};
  const inherited = asFields(pod.spec.securityContext) ?? {};
  const effective = (key: string) => (isPresent(own[key]) ? own[key] : inherited[key]);

  if (effective("runAsNonRoot") !== true)
    report.fails(`${where} may run as root. Set runAsNonRoot: true.`);
  if (own.runAsUser === 0) report.fails(`${where} runs as root. Set runAsUser to 10001.`);
  if (own.allowPrivilegeEscalation !== false) {
    report.fails(`${where} may gain privileges. Set allowPrivilegeEscalation: false.`);
  }
  if (own.readOnlyRootFilesystem !== true) {
    report.fails(`${where} can write its root file system. Set readOnlyRootFilesystem: true.`);
  }
  if (!SECCOMP.includes(String(at(effective("seccompProfile"), "type")))) {
    report.fails(`${where} has no seccomp profile. Set seccompProfile.type: RuntimeDefault.`);
  }
  judgeProfiles(where, own, report);
  judgeCapabilities(where, own, report);
  if (isPresent(own.procMount) && own.procMount !== "Default") {
    report.fails(`${where} sees an unmasked /proc. Remove procMount.`);
  }
}

/** What the baseline of the standard forbids of SELinux and AppArmor. */
function judgeProfiles(where: string, context: Fields, report: Report): void {
  if (at(context, "appArmorProfile", "type") === "Unconfined")
    report.fails(`${where} lifts AppArmor. Remove appArmorProfile.`);
  const { user, role, type } = asFields(context.seLinuxOptions) ?? {};
  const other = isPresent(type) && !SELINUX_TYPES.includes(String(type));
  if (isPresent(user) || isPresent(role) || other)
    report.fails(`${where} chooses its SELinux domain. Remove seLinuxOptions.`);
}

function judgeCapabilities(where: string, own: Fields, report: Report): void {
  const drop = at(own, "capabilities", "drop");
  if (!Array.isArray(drop) || !drop.includes("ALL")) {
    report.fails(`${where} keeps Linux capabilities. Set capabilities.drop: ["ALL"].`);
  }
  const add = at(own, "capabilities", "add");
  for (const capability of Array.isArray(add) ? add : []) {
    if (CAPABILITIES_ADDED.includes(String(capability))) continue;
    report.fails(`${where} adds the capability ${capability}. Only NET_BIND_SERVICE may be added.`);
  }
}
