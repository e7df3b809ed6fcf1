/** What the running stack has shown, in Chinese, by what its proofs say in English. */
import { type Teller, teller } from "../../policies/chinese/templates.ts";

const FIGURES = {
  // Handshakes.
  listeners: "监听端口",
  handshakes: "握手次数",
  agreed: "协商成功",
  "refused by an alert": "以告警拒绝",
  "least days left of a certificate": "证书剩余天数（最少）",
  "least bits of a key": "密钥位数（最少）",
  // The audit trail.
  trails: "审计链",
  segments: "分段",
  events: "事件",
  anchors: "锚点",
  "verdicts of gateways themselves": "网关自检结论",
  "days asked for": "要求天数",
  "oldest event": "最早事件",
  "days reached back": "可追溯天数",
  "days without a line": "无记录天数",
  // Alerts.
  "rules loaded": "已加载规则",
  "rules rendered": "已定义规则",
  alerts: "其中告警",
  Alertmanagers: "Alertmanager 数",
  "told, {channel}": "已送达（{channel}）",
  "failed, {channel}": "送达失败（{channel}）",
  // Network policies and the filter.
  "allowed connections": "应放行的连接",
  "forbidden connections that were stopped": "应阻断且已阻断的连接",
  "stopped as they must": "应拦截且已拦截",
  "passed as they must": "应放行且已放行",
  // Restores.
  "days ago": "距今天数",
  "seconds until restored": "恢复耗时（秒）",
  "seconds of data lost": "丢失数据（秒）",
  checks: "核对项",
  "tests on record": "记录的测试",
  "of them good": "其中成功",
  "rows of the ledger": "账本行数",
  // Values of several.
  "{part} of {whole}": "{part} / {whole}",
};

const FINDINGS = {
  // Why there is nothing.
  "the stack has no outputs here: it was not deployed from this state":
    "此处没有该部署的输出：它不是由本状态部署的",
  "any namespace of the stack": "该部署的命名空间",
  "no pod runs in {namespaces}": "{namespaces} 中没有运行的 Pod",
  "the cluster does not answer: {why}": "集群无应答：{why}",
  "the one-node cluster has not been started in this checkout": "此处尚未启动单节点集群",
  "no kubeconfig was given (--kubeconfig FILE)": "未提供 kubeconfig（--kubeconfig FILE）",
  "{file} cannot be read": "{file} 无法读取",
  "no pod of this site tests restores": "本站点没有执行恢复测试的 Pod",
  "{why}; and no auditor's key was given (DEEPSEEK_AUDITOR_KEY)":
    "{why}；且未提供审计员密钥（DEEPSEEK_AUDITOR_KEY）",
  "{why}; and no record of a restore was handed in (--restore-record FILE)":
    "{why}；且未提交恢复记录（--restore-record FILE）",
  "{method} /admin/v1/audit/{path} answers {code}": "{method} /admin/v1/audit/{path} 应答 {code}",
  "it was ended": "已被终止",
  "the port was not forwarded in time": "端口转发超时",
  "kubectl port-forward ended": "端口转发已结束",
  "no date": "没有日期",
  "no connection to {address}": "无法连接 {address}",

  // Handshakes.
  "no handshake: {said}": "握手未完成：{said}",
  "no answer to the request for TLS": "对 TLS 请求无应答",
  "no answer": "无应答",
  closed: "连接被关闭",
  "the server takes no TLS": "服务器不接受 TLS",
  "agrees on {version} ({asked} server name)": "可协商 {version}（服务器名：{asked}）",
  "does not agree on TLS 1.3 under its own name": "以自身名称无法协商 TLS 1.3",
  "{version}, {asked} name: ended unsaid ({said})":
    "{version}，服务器名：{asked}：未作说明即结束（{said}）",
  none: "无",
  known: "已知",
  unknown: "未知",
  "speaks no TLS and answers {said}": "未启用 TLS，应答 {said}",
  "speaks no TLS": "未启用 TLS",
  "its certificate ended {time}": "证书已于 {time} 到期",
  "its certificate begins {time}": "证书自 {time} 起才生效",
  "its key ({key}) is weak or of an unknown kind": "密钥（{key}）强度不足或类型未知",
  "its certificate is not for {name}": "证书与 {name} 不符",
  "its certificate does not lead to the stack's authority": "证书不能追溯到该部署的签发机构",

  // Restores.
  record: "恢复记录",
  "restore jobs of AWS Backup": "AWS Backup 恢复作业",
  "its records: {fault}": "其记录：{fault}",
  "line {line} is no record": "第 {line} 行不是记录",
  "line {line} has the number {number}": "第 {line} 行的序号为 {number}",
  "line {line} does not follow the line before it": "第 {line} 行与前一行不衔接",
  "line {line} does not carry its signature": "第 {line} 行没有有效签名",
  "{what}: expected {expected}, found {found}": "{what}：应为 {expected}，实为 {found}",
  "it ended before it began": "结束早于开始",
  "its data is younger than its end": "数据时间晚于结束时间",
  "it ends in the future": "结束时间在未来",
  "it is {days} days old; a restore is tried every year": "距今 {days} 天；恢复测试至少每年一次",
  "of {count} restore jobs none is a test that has ended": "{count} 个恢复作业中没有已结束的测试",
  "it was restored, and nobody looked into it (no ValidationStatus)":
    "已恢复但无人核查（没有 ValidationStatus）",
  "it ended as {status}": "结束状态为 {status}",
  "its validation is {status}": "核查结果为 {status}",

  // The audit trail.
  "its own check finds {faults} faults (anchors included)": "自检发现 {faults} 处错误（含锚点）",
  "the gateway finds faults itself": "网关自检发现错误",
  "no line": "无记录",
  "and {rest} more": "另有 {rest} 处",
  "its chain is broken, so that it proves no age": "审计链不完整，不能证明留存期限",
  "{days} older days were not read (more than is carried out of a pod)":
    "更早的 {days} 天未读取（超出从 Pod 读取的上限）",
  "what is older than {days} days was pruned; {floor} days are asked for":
    "早于 {days} 天的记录已清除；要求留存 {floor} 天",
  "young stack: {days} days of {floor}; nothing was pruned so far":
    "新部署：已留存 {days} 天，要求 {floor} 天；尚未清除任何记录",
  "the trail is larger than a gibibyte; read an archive of it": "审计记录超过 1 GiB，应读取其归档",
  "the trail was not told to its end": "审计记录未读取到末尾",
  "there is no line in it": "其中没有记录",
  "a row names {file}, which is no segment": "有一行指向 {file}，不是分段",
  "{where} nothing says that what came before it was pruned":
    "{where} 没有记录说明此前内容已被清除",
  "{where} is no day of the trail": "{where} 不是审计记录的日期",
  "{where} is no segment of the trail": "{where} 不是审计记录的分段",
  "{where} its last line is torn": "{where} 最后一行不完整",
  "{where} is not canonical JSON of a line": "{where} 不是规范的 JSON 行",
  "{where} has number {number} after {before}": "{where} 序号为 {number}，前一行为 {before}",
  "{where} does not follow the line before it": "{where} 与前一行不衔接",
  "{where} comes after the seal": "{where} 位于签封之后",
  "{where} is out of place": "{where} 位置不当",
  "{where} seals {lines} lines, but there are {found}": "{where} 签封 {lines} 行，实为 {found} 行",
  "{where} its signature is not valid": "{where} 签名无效",
  "{where} has no seal": "{where} 没有签封",
  "{where} belongs to {writer}, segment {segment}": "{where} 属于 {writer} 的第 {segment} 段",
  "{where} was opened on {day}": "{where} 开启于 {day}",
  "{where} is sealed by another key": "{where} 由其他密钥签封",
  "{where} ends at line {seen}, but had {wanted} at {time}":
    "{where} 止于第 {seen} 行，而 {time} 时已有 {wanted} 行",
  "{where} line {line} is not the one that was anchored": "{where} 第 {line} 行与锚定的不同",

  // Alerts.
  "{name} is rendered and not loaded": "{name} 已定义但未加载",
  "{name} is loaded and not rendered": "{name} 已加载但未定义",
  "{rendered} rules are rendered, {loaded} are loaded": "定义 {rendered} 条规则，加载 {loaded} 条",
  "the stack renders no rules to compare with": "该部署没有可供比对的规则",
  "Prometheus has no Alertmanager": "Prometheus 没有 Alertmanager",
  "Watchdog does not fire": "Watchdog 告警未触发",
  "a channel failed {times} times within an hour": "某渠道一小时内失败 {times} 次",
  "{channel} failed {times} times within an hour": "{channel} 一小时内失败 {times} 次",
  "Alertmanager has heard of no alert for an hour": "Alertmanager 一小时内未收到告警",
  "no channel was told anything within a day: none is configured, or nothing fired":
    "一天内没有渠道收到通知：未配置渠道，或没有告警触发",

  // The content filter.
  "the filter's engine": "过滤引擎（不经网关）",
  "no word list of the gateway holds the bank's words, so that the engine alone was asked":
    "网关的词库不含题库用词，因此只测试了过滤引擎",
  "{way}: “{text}” {found}, must be {wanted}": "{way}：“{text}”{found}，应为：{wanted}",
  "{count} sentences were not judged: {found}": "{count} 句未判定：{found}",
  "cut in pieces {results}": "切分后结果不一（{results}）",
  "answered {code}": "应答 {code}",
  blocked: "已拦截",
  passed: "已放行",
  plain: "原样",
  case: "大小写",
  "full width": "全角",
  "zero width": "零宽字符",
  traditional: "繁体",
  accents: "变音符号",
  "chunk border": "分片边界",
  mixed: "混合",
  "near miss": "近似词",
  everyday: "日常用语",

  // Network policies.
  "not enforced: {address} is reached, and no policy allows it":
    "未生效：可访问 {address}，而没有策略放行",
  "there is no service that a gateway must not reach": "没有网关不得访问的服务可供测试",
  "no allowed connection came about, so that refusals prove nothing":
    "应放行的连接均未建立，拒绝不足以为证",
  "{address} was not tried: {said}": "{address} 未测试：{said}",
  "not tried": "未测试",

  // Of one among several; last, since the others are more exact.
  "{url} (the gateway that answered)": "{url}（应答的网关）",
  "writer {name} {what}": "写入者 {name}：{what}",
  "{where}: {what}": "{where}：{what}",
};

/** A finding, or what was asked; undefined: it stays as it is. */
export const findingOfProofInChinese: Teller = teller(FINDINGS, (text) =>
  findingOfProofInChinese(text),
);

/** The name of a figure, or its value. */
export const figureInChinese: Teller = teller(FIGURES, () => undefined);
