/**
 * Controls: what we do about clauses. Those with rules are checked on the resources of a stack; the others
 * are evidence that only a running site has, or a person's word, and say whose.
 */
import type { Control } from "./catalogue.ts";

const checked = (id: string, zh: string, en: string, ...rules: readonly string[]): Control => ({
  ...{ id, title: { zh, en }, rules },
});

const AUTOMATED: readonly Control[] = [
  checked(
    "tls-callers",
    "对外监听仅 TLS 1.3",
    "TLS 1.3 on every listener",
    "tls13-only",
    "no-plain-listeners",
  ),
  checked("tls-stores", "数据存储仅 TLS 1.3", "TLS 1.3 to the stores", "tls13-stores"),
  checked("tls-monitoring", "监控传输仅 TLS 1.3", "TLS 1.3 for monitoring", "tls13-monitoring"),
  checked(
    "encryption-cloud",
    "云上数据以自有密钥加密",
    "Data in a cloud encrypted under our key",
    "cloud-data-encrypted",
  ),
  checked(
    "encryption-volumes",
    "集群卷加密",
    "Volumes of the cluster encrypted",
    "encrypted-volumes",
  ),
  checked("sealed-weights", "模型权重校验与封存", "Weights verified and sealed", "sealed-weights"),
  checked("no-public", "无公网端点", "No public endpoint", "no-public-endpoints"),
  checked(
    "boundary-groups",
    "安全组仅允许指定来源",
    "Security groups name who may come",
    "closed-security-groups",
  ),
  checked("default-deny", "网络默认拒绝", "Default deny in every namespace", "default-deny"),
  checked(
    "flows",
    "网络流具名且完整",
    "Flows are named and complete",
    "named-flows",
    "complete-flows",
  ),
  checked(
    "one-way-in",
    "模型仅经网关访问",
    "Models are reached through the gateway alone",
    "only-through-gateway",
  ),
  checked(
    "pods-restricted",
    "受限的容器组",
    "Restricted pods",
    "restricted-pods",
    "namespace-security",
  ),
  checked("no-host", "不访问主机", "No access to the host", "no-host-access"),
  checked(
    "least-cluster-rights",
    "集群内最小权限",
    "Least rights in the cluster",
    "least-identity",
    "least-rbac",
  ),
  checked("least-cloud-rights", "云上最小权限", "Least rights in the cloud", "least-iam"),
  checked(
    "image-sources",
    "镜像来源与摘要",
    "Images by digest from allowed registries",
    "allowed-images",
    "pinned-digests",
  ),
  checked(
    "supported-components",
    "不使用已归档组件",
    "No archived components",
    "no-archived-components",
  ),
  checked("scan-and-patch", "扫描与版本管理", "Scanned and of a planned version", "scan-and-pin"),
  checked(
    "no-plain-secrets",
    "配置中无明文密钥",
    "No secret in plain configuration",
    "no-plain-secrets",
  ),
  checked("default-accounts", "默认账户已停用", "Default accounts are off", "default-accounts-off"),
  checked(
    "admin-separation",
    "三员分立",
    "System, security and audit administered apart",
    "admin-separation",
  ),
  checked("admin-mfa", "管理员双因素", "A second factor for administrators", "admin-mfa"),
  checked("hardened-nodes", "节点凭据保护", "Nodes keep their credentials", "hardened-nodes"),
  checked(
    "audit-sealed",
    "审计链封存且不可绕过",
    "The audit trail is sealed and cannot be walked around",
    "audit-sealed",
  ),
  checked(
    "audit-retention",
    "审计留存期限（下限与上限）",
    "Audit retention, floor and ceiling",
    "audit-retention",
  ),
  checked("audit-worm", "审计一次写入", "Write-once audit and backups", "audit-worm"),
  checked(
    "boundary-audit",
    "边界与管理操作审计",
    "Audit of boundary and administration",
    "boundary-audit",
  ),
  checked("log-retention", "日志留存期限", "Retention of logs", "log-retention"),
  checked("log-content", "日志不含内容", "Logs hold no content", "log-content"),
  checked("alerting", "告警送达路径", "Alerts have a way to somebody", "alerts-delivered"),
  checked("backups", "备份", "Backups", "backups"),
  checked("restored-backups", "定期恢复验证", "Restores are tried", "restored-backups"),
  checked("redundancy", "跨区冗余", "Redundancy across zones", "redundancy"),
  checked("replicated-state", "数据副本", "No state without a copy", "replicated-state"),
  checked(
    "standby",
    "备站不依赖主站",
    "The standby does not need its primary",
    "standby-independence",
  ),
  checked("offline", "离线推理", "Inference without a line", "offline-inference"),
  checked("deletion-protection", "数据删除保护", "Deletion protection", "deletion-protection"),
  checked("key-rotation", "密钥轮换", "Keys are renewed", "key-rotation"),
  checked(
    "capacity",
    "资源与配额上限",
    "Resources and quotas are bounded",
    "resources-and-probes",
    "bounded-namespaces",
    "quotas-enforced",
  ),
  checked("graceful-drain", "优雅停机", "Streams end before their pod", "drain-outlasts-streams"),
  checked("gpu-placement", "GPU 调度", "GPU pods stand where they were sized for", "gpu-pods"),
  checked("region", "数据地域", "Region of the data", "region-fence"),
  checked("residency", "调用不出域", "Calls stay where data is kept", "data-residency"),
  checked(
    "patient-store",
    "患者数据专用存储",
    "A store of its own for patients' data",
    "patient-store",
  ),
  checked("profile", "合规画像", "The stack names its profile", "profile-named"),
];

const OPERATIONS = { zh: "运维负责人", en: "head of operations" };
const SECURITY = { zh: "安全负责人", en: "head of information security" };
const AUDIT = { zh: "审计负责人", en: "head of audit" };
const DPO = { zh: "个人信息保护负责人", en: "data protection officer" };
const OWNER = { zh: "系统所有者", en: "owner of the system" };

const attested = (
  id: string,
  [zh, en]: readonly [string, string],
  who: typeof OWNER,
  [whatZh, whatEn]: readonly [string, string],
): Control => ({
  ...{ id, title: { zh, en }, rules: [] },
  attest: { who, what: { zh: whatZh, en: whatEn } },
});

/** What only a running site can show, or what a person says and signs. */
const ATTESTED: readonly Control[] = [
  attested("restore-test", ["恢复测试", "Restore test"], OPERATIONS, [
    "近期恢复测试的时间、结果与记录",
    "Date, result and record of a recent restore",
  ]),
  attested("audit-export", ["审计一次写入存储", "Write-once store of the audit trail"], AUDIT, [
    "自有机房的一次写入存储与导出记录",
    "The write-once store of a site of one's own, and what was exported to it",
  ]),
  attested("etcd-encryption", ["集群密钥加密", "Encryption of Secrets in etcd"], OPERATIONS, [
    "API 服务器的 KMS v2 配置与 etcd 前缀核对",
    "KMS v2 of the API server, seen by the prefix in etcd",
  ]),
  attested("handshakes", ["TLS 握手证明", "Proof by handshake"], SECURITY, [
    "对每个监听端口的握手结果",
    "The handshake of every listener",
  ]),
  attested("alert-proof", ["告警送达证明", "Proof that alerts arrive"], OPERATIONS, [
    "一次演练告警的送达时间",
    "When a drill's alert arrived",
  ]),
  attested(
    "content-filter",
    ["内容过滤词库与题库", "Content filter: lists and test banks"],
    SECURITY,
    [
      "词库规模、题库结果、抽检合格率",
      "Size of the lists, results of the banks, pass rate of samples",
    ],
  ),
  attested("content-label", ["生成内容标识", "Labels on generated content"], OWNER, [
    "前端与文件的显式、隐式标识",
    "Visible and hidden labels where content is shown or stored",
  ]),
  attested("identity-lifecycle", ["账户生命周期", "Life of accounts"], SECURITY, [
    "账户复核、离岗停用、失败锁定设置",
    "Reviews, leavers, lockout",
  ]),
  attested(
    "terminal-access",
    ["管理终端与恶意代码防护", "Administrators' machines and malware"],
    SECURITY,
    ["管理终端范围、堡垒机、恶意代码防护", "Named machines, bastion, protection against malware"],
  ),
  attested("intrusion", ["入侵检测", "Intrusion detection"], SECURITY, [
    "运行时与网络检测、分析与处置",
    "Detection at run time and in the network, and what follows",
  ]),
  attested("trusted-boot", ["可信验证", "Trusted boot"], SECURITY, [
    "设备可信根与验证结果",
    "Roots of trust and their results",
  ]),
  attested("wiping", ["残留信息清除", "Wiping"], OPERATIONS, [
    "存储释放、介质处置、密钥销毁",
    "Released storage, media, destroyed keys",
  ]),
  attested("incidents", ["事件处置与通报", "Incidents and notices"], SECURITY, [
    "预案、演练、通报流程与时限",
    "Plan, drill, notices and their deadlines",
  ]),
  attested("drill", ["灾难恢复演练", "Disaster drill"], OPERATIONS, [
    "年度演练记录与实测 RTO/RPO",
    "This year's drill, with measured RTO and RPO",
  ]),
  attested("change-record", ["变更记录", "Change record"], OWNER, [
    "审批、差异、执行人与状态历史",
    "Approval, difference, who ran it, history of the state",
  ]),
  attested("impact-assessment", ["影响评估", "Impact assessment"], DPO, [
    "评估、相称性、结论与保存",
    "The assessment, its proportionality, conclusion and keeping",
  ]),
  attested("data-subjects", ["数据主体权利", "Rights of persons"], DPO, [
    "删除、更正、自动化决策申诉",
    "Erasure, correction, objection to automated decisions",
  ]),
  attested("data-classes", ["数据分类分级", "Classes of data"], DPO, [
    "分类分级清单与标记",
    "The register of classes and labels",
  ]),
  attested("suppliers", ["供应商与云服务商", "Suppliers and the cloud"], OWNER, [
    "合同、资质、数据处理协议",
    "Contracts, qualifications, processing agreements",
  ]),
  attested("physical", ["机房", "Premises"], OPERATIONS, [
    "机房与电力、消防、门禁",
    "Premises, power, fire, doors",
  ]),
  attested("organisation", ["制度、机构与人员", "Rules, organisation, people"], OWNER, [
    "制度文件、岗位、培训与考核",
    "Rules, posts, training",
  ]),
  attested("grading", ["定级备案与测评", "Grading, filing, assessment"], OWNER, [
    "备案编号与最近测评报告",
    "The filing and the latest assessment",
  ]),
  attested("operations", ["日常运维管理", "Day-to-day operation"], OPERATIONS, [
    "资产、介质、维护、外包运维",
    "Assets, media, maintenance, others' operation",
  ]),
  attested("crypto-assessment", ["密码应用评估", "Assessment of cryptography"], SECURITY, [
    "国密套件、密评结论与密钥制度",
    "Commercial cryptography, its assessment, rules for keys",
  ]),
  attested("decision-record", ["模型决策记录", "Record of decisions"], OWNER, [
    "推理路径与阈值触发的留存",
    "Reasons and thresholds that were kept",
  ]),
  attested("compliance-audit", ["合规审计", "Compliance audit"], AUDIT, [
    "最近审计的范围与结论",
    "Scope and result of the latest audit",
  ]),
];

export const CONTROLS: readonly Control[] = [...AUTOMATED, ...ATTESTED];
