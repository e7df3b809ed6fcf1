/** What rules about objects of a cluster say, in Chinese, by what they say in English. */
import type { Templates } from "./templates.ts";

export const OF_CLUSTERS: Readonly<Record<string, Templates>> = {
  "admin-separation": {
    "{where}, {file} is no JSON that could be judged.": "{where} 中的 {file} 不是可判定的 JSON。",
    "{where}: role {role} is {duties}. Split it.":
      "{where}：角色 {role} 同时具有 {duties} 的权限，不符合三员分立。应拆分该角色。",
    "{where}: {who} is {duties}. Give each to somebody else.":
      "{where}：{who} 同时担任 {duties}，不符合三员分立。应分别授予不同人员。",
  },
  "allowed-images": {
    "{where} takes {image} from a repository that is not allowed. Allowed: {registries}.":
      "{where} 使用的镜像 {image} 不在允许的仓库内。允许：{registries}。",
    "{where} takes whatever {image} is today. Give a version or a digest.":
      "{where} 使用的镜像 {image} 未固定版本。应指定版本或摘要。",
    "{where} names the digest {digest}, which is none. Give sha256: and 64 digits.":
      "{where} 的摘要 {digest} 无效。应为 sha256: 加 64 位十六进制数字。",
    "{where} names no image. Give repository:version@digest.":
      "{where} 未指定镜像。应写为 repository:version@digest。",
  },
  "bounded-namespaces": {
    "Namespace {name} has no quota for {what}. Add a ResourceQuota.":
      "命名空间 {name} 未设置 {what} 的配额。应添加 ResourceQuota。",
    "Namespace {name} has no LimitRange. Add one.": "命名空间 {name} 未设置 LimitRange。应添加。",
  },
  "complete-flows": {
    "{where} lets {from} call {to} on {port}, and nothing lets it in.":
      "{where} 允许 {from} 访问 {to} 的 {port}，但没有策略在接收端放行。",
    "{where} lets {from} in to {to} on {port}, and nothing lets it out.":
      "{where} 允许 {from} 进入 {to} 的 {port}，但没有策略在发起端放行。",
  },
  "default-deny": {
    "Namespace {name} has pods but no default deny for {what}. Add a NetworkPolicy with podSelector {} and no rules.":
      "命名空间 {name} 运行 Pod，但 {what} 方向没有默认拒绝策略。应添加 podSelector 为 {} 且无规则的 NetworkPolicy。",
  },
  "drain-outlasts-streams": {
    "{where} is killed {grace} s after the order to stop, but a stream may last {needed} s from then. Set terminationGracePeriodSeconds above {more}.":
      "{where} 在停止命令 {grace} 秒后被强制终止，而流式响应自此可能还要持续 {needed} 秒。terminationGracePeriodSeconds 应大于 {more}。",
  },
  "encrypted-volumes": {
    "{where} keeps its data in {which}, which nobody says encrypts. Name one that does.":
      "{where} 的数据位于未声明加密的存储类（{which}）。应指定加密的存储类。",
    "Not known: whether {where} encrypts, since {provisioner} does not say.":
      "无法得知 {where} 是否加密：{provisioner} 未作声明。",
    "{where} does not encrypt under our key. Set encrypted and kmsKeyId.":
      "{where} 未以自有密钥加密。应设置 encrypted 和 kmsKeyId。",
  },
  "gpu-pods": {
    "{where} asks for {asked} GPUs and may use {used}. Make them equal.":
      "{where} 申请 {asked} 个 GPU，上限却为 {used}。二者应相等。",
    "{where} cannot stand on a GPU node. Tolerate {taint}.":
      "{where} 无法调度到 GPU 节点。应容忍污点 {taint}。",
    "{where} takes any GPU. Select {label}.": "{where} 未限定 GPU 型号。应按 {label} 选择节点。",
  },
  "least-identity": {
    "{where} gets a token of the API server. Set automountServiceAccountToken: false.":
      "{where} 被自动挂载 API server 令牌。应设置 automountServiceAccountToken: false。",
    "{where} asks for a token of {seconds} s. At most {most}.":
      "{where} 申请的令牌有效期为 {seconds} 秒，最长应为 {most} 秒。",
    "{where} uses the namespace's default account. Give it one of its own.":
      "{where} 使用命名空间的默认账户。应使用专用账户。",
    "Secret {name} holds a token without an end. Project one into the pod.":
      "Secret {name} 保存无期限的令牌。应以投射卷提供短期令牌。",
  },
  "least-rbac": {
    "{where} changes objects after they were judged. Remove it.":
      "{where} 会在判定之后改写对象。应移除。",
    "{where} takes the rights of other roles by their labels. Write them down.":
      "{where} 按标签聚合其他角色的权限。应逐一写明。",
    "{where} has no rules that could be judged.": "{where} 没有可判定的规则。",
    "{where} has * in {key}. Name what is needed.":
      "{where} 的 {key} 使用了通配符 *。应按最小权限逐一列出。",
    "{where} may use {ways}. Remove it.": "{where} 可使用 {ways}。应移除。",
    "{where} may {verbs}. Remove it.": "{where} 具有可自行提升权限的动作 {verbs}。应移除。",
    "{where} reads every Secret. Name them in resourceNames.":
      "{where} 可读取全部 Secret。应以 resourceNames 逐一列出。",
    "{where} gives {role}. Write down what is needed.":
      "{where} 授予 {role}。应按最小权限写明所需权限。",
    "{where} gives it to {whom}. Name who it is for.": "{where} 授权给 {whom}。应指明具体对象。",
    "{where} gives it to a namespace's default account. Make one for it.":
      "{where} 授权给命名空间的默认账户。应建立专用账户。",
  },
  "named-flows": {
    "{where} is of a kind that cannot be judged. Write NetworkPolicies.":
      "{where} 的类型无法判定。应使用 NetworkPolicy。",
    "{where} has no specification that could be judged.": "{where} 没有可判定的 spec。",
    "{where} allows every port. Name the ports.": "{where} 放行所有端口。应列出端口。",
    "{where} allows everybody. Name the other end.": "{where} 放行任意对端。应指明对端。",
    "{where} allows {range}. Name ranges.": "{where} 放行 {range}。应指明地址范围。",
    "{where} allows pods of every name in every namespace. Select some.":
      "{where} 放行所有命名空间的所有 Pod。应加以选择。",
  },
  "namespace-security": {
    "Namespace {name} enforces nothing. Label it {label}: restricted.":
      "命名空间 {name} 未强制 Pod 安全标准。应添加标签 {label}: restricted。",
    "Namespace {name} enforces {level}. Label it {label}: restricted.":
      "命名空间 {name} 的 Pod 安全标准为 {level}。应添加标签 {label}: restricted。",
  },
  "no-archived-components": {
    "{where} runs {what}, archived {since}. Use {instead}.":
      "{where} 运行 {what}，该项目已于 {since} 停止维护。应改用：{instead}。",
  },
  "no-host-access": {
    "PersistentVolume {name} is a path of a node. Use local.":
      "PersistentVolume {name} 是节点上的路径（hostPath）。应使用 local。",
    "{where} sets {key}. Remove it.": "{where} 设置了 {key}，与节点共用命名空间。应移除。",
    "{where} is a host process. Remove windowsOptions.hostProcess.":
      "{where} 是主机进程。应移除 windowsOptions.hostProcess。",
    "{where} mounts {path} of its node. Use a persistentVolumeClaim.":
      "{where} 挂载节点上的路径 {path}。应使用 persistentVolumeClaim。",
    "{where} is privileged. Set privileged: false and add what it really needs.":
      "{where} 以特权模式运行。应设置 privileged: false，并只添加确需的权限。",
    "{where} takes port {port} of its node. Use a Service.":
      "{where} 占用节点端口 {port}。应使用 Service。",
  },
  "patient-store": {
    "There is no namespace {name}. Set deepseek:patientData.":
      "没有命名空间 {name}。应设置 deepseek:patientData。",
    "Patients' data has no database of its own. Set deepseek:patientData.":
      "患者数据没有独立的数据库。应设置 deepseek:patientData。",
    "Namespace {name} has no walls. Add a default deny.":
      "命名空间 {name} 没有网络隔离。应添加默认拒绝策略。",
  },
  "pinned-digests": {
    "Not known: the digest of {image}. Lock it: npm run images -- lock.":
      "镜像 {image} 的摘要未知。应以 npm run images -- lock 锁定。",
    "{where} names the digest {digest}, which is none. Give sha256: and 64 digits.":
      "{where} 的摘要 {digest} 无效。应为 sha256: 加 64 位十六进制数字。",
    "{where} names no image. Give repository:version@digest.":
      "{where} 未指定镜像。应写为 repository:version@digest。",
  },
  "profile-named": {
    "The output plan.profile names no profile. One of: {names}.":
      "输出 plan.profile 未指定合规画像。可选：{names}。",
  },
  "resources-and-probes": {
    "{where} has no resources.{key}. Set it.": "{where} 未设置 resources.{key}。应设置。",
    "{where} has no {probe}. Give it {questions}.":
      "{where} 未设置 {probe}。应使用以下之一：{questions}。",
  },
  "restricted-pods": {
    "{where} runs as root. Set runAsUser to 10001.":
      "{where} 以 root 运行。runAsUser 应设为 10001。",
    "{where} may run as root. Set runAsNonRoot: true.":
      "{where} 可能以 root 运行。应设置 runAsNonRoot: true。",
    "{where} may gain privileges. Set allowPrivilegeEscalation: false.":
      "{where} 可提升权限。应设置 allowPrivilegeEscalation: false。",
    "{where} can write its root file system. Set readOnlyRootFilesystem: true.":
      "{where} 的根文件系统可写。应设置 readOnlyRootFilesystem: true。",
    "{where} has no seccomp profile. Set seccompProfile.type: RuntimeDefault.":
      "{where} 没有 seccomp 配置。应设置 seccompProfile.type: RuntimeDefault。",
    "{where} sees an unmasked /proc. Remove procMount.":
      "{where} 可见未屏蔽的 /proc。应移除 procMount。",
    "{where} lifts AppArmor ({key}). Remove the annotation.":
      "{where} 解除了 AppArmor（{key}）。应移除该注解。",
    "{where} lifts AppArmor. Remove appArmorProfile.":
      "{where} 解除了 AppArmor。应移除 appArmorProfile。",
    "{where} chooses its SELinux domain. Remove seLinuxOptions.":
      "{where} 自行选择 SELinux 域。应移除 seLinuxOptions。",
    "{where} sets the sysctl {name}, which is not safe per pod. Remove it.":
      "{where} 设置了内核参数 {name}，其影响不限于该 Pod。应移除。",
    "{where} mounts a volume of type {kind}. Use one of: {kinds}.":
      "{where} 挂载了类型为 {kind} 的卷。只应使用：{kinds}。",
    '{where} keeps Linux capabilities. Set capabilities.drop: ["ALL"].':
      '{where} 保留了 Linux capabilities。应设置 capabilities.drop: ["ALL"]。',
    "{where} adds the capability {name}. Only NET_BIND_SERVICE may be added.":
      "{where} 添加了 capability {name}。只可添加 NET_BIND_SERVICE。",
  },
  "standby-independence": {
    "{where} needs {host}, which is the primary's. Use this site's own.":
      "{where} 依赖主站点的 {host}。应使用本站点自己的资源。",
  },
};
