/** No pod reaches into its node: no host namespaces, ports or paths, nothing privileged. */
import type { Report, Rule } from "../judging/rule.ts";
import { podRule } from "../kubernetes/pod-rule.ts";
import { type Container, kindOf, nameIn, type Pod, whereOf } from "../kubernetes/pods.ts";
import { asFields, at, isPresent } from "../kubernetes/values.ts";

const HOST_NAMESPACES = ["hostNetwork", "hostPID", "hostIPC"];

const pods = podRule({
  name: "no-host-access",
  description: "Pods use no network, process space, port or path of their node.",
  severity: "critical",
  pod: judgePod,
  container: judgeContainer,
});

/** A volume that is a folder of a node is one for whoever claims it, too. */
export const noHostAccess: Rule = {
  ...pods,
  applies: (resource, context) =>
    kindOf(resource.type) === "PersistentVolume" || pods.applies(resource, context),
  judge: (resource, report, context) => {
    if (kindOf(resource.type) !== "PersistentVolume") return pods.judge(resource, report, context);
    if (isPresent(at(resource.props, "spec", "hostPath")))
      report.fails(`PersistentVolume ${nameIn(resource.props)} is a path of a node. Use local.`);
  },
};

function judgePod(pod: Pod, report: Report): void {
  for (const key of HOST_NAMESPACES) {
    if (pod.spec[key] === true) report.fails(`${pod.owner} sets ${key}. Remove it.`);
  }
  if (at(pod.spec, "securityContext", "windowsOptions", "hostProcess") === true) {
    report.fails(`${pod.owner} is a host process. Remove windowsOptions.hostProcess.`);
  }
  const { volumes } = pod.spec;
  if (isPresent(volumes) && !Array.isArray(volumes)) {
    report.fails(`${pod.owner}: volumes is not a list.`);
    return;
  }
  for (const volume of Array.isArray(volumes) ? volumes : []) {
    const path = at(volume, "hostPath", "path");
    if (!("hostPath" in (asFields(volume) ?? {}))) continue;
    report.fails(
      `${pod.owner} mounts ${path ?? "a path"} of its node. Use a persistentVolumeClaim.`,
    );
  }
}

function judgeContainer(pod: Pod, container: Container, report: Report): void {
  const where = whereOf(pod, container);
  if (at(container.fields, "securityContext", "privileged") === true) {
    report.fails(`${where} is privileged. Set privileged: false and add what it really needs.`);
  }
  if (at(container.fields, "securityContext", "windowsOptions", "hostProcess") === true) {
    report.fails(`${where} is a host process. Remove windowsOptions.hostProcess.`);
  }
  const { ports } = container.fields;
  for (const port of Array.isArray(ports) ? ports : []) {
    const hostPort = at(port, "hostPort");
    // 0 is Kubernetes' own word for none.
    if (!isPresent(hostPort) || hostPort === 0) continue;
    report.fails(`${where} takes port ${hostPort} of its node. Use a Service.`);
  }
}
