/** What rules about gateway, model servers, stores, nginx and monitoring say, in Chinese, by what they say in English. */
import type { Templates } from "./templates.ts";

/** What every rule says of a setting of Redis or PostgreSQL. */
const SETTINGS: Templates = Object.fromEntries(
  Object.entries({
    "has no TLS": "未启用 TLS",
    "takes less than TLS 1.3": "接受低于 TLS 1.3 的协议",
    "has no port with TLS": "没有 TLS 端口",
    "leaves a plain port open": "开放了明文端口",
    "logs statements": "会把语句写入日志",
  }).map(([fault, chinese]) => [
    `{where} ${fault} ({key} = {value}). Set {other} to {right}.`,
    `{where} ${chinese}（{key} = {value}）。{other} 应设为 {right}。`,
  ]),
);

export const OF_PROGRAMS: Readonly<Record<string, Templates>> = {
  "admin-mfa": {
    "{where}: an authenticator is {value}. Set {variable}: required.":
      "{where}：管理员第二鉴别因素为 {value}。应设置 {variable}: required（双因素鉴别）。",
  },
  "alerts-delivered": {
    "{where}, {file} has no rules. Add rule_files.":
      "{where} 中的 {file} 没有告警规则。应添加 rule_files。",
    "{where}, {file} tells nobody. Add alerting.alertmanagers.":
      "{where} 中的 {file} 没有告警去向。应添加 alerting.alertmanagers。",
    "{where}, {file}: critical alerts go to {receiver}, which has no address. Give it one.":
      "{where} 中的 {file}：严重告警发往 {receiver}，而该接收方没有地址。应设定地址。",
    "{where}, {file}: alerts go to {receiver}, which has no address. Give it one.":
      "{where} 中的 {file}：告警发往 {receiver}，而该接收方没有地址。应设定地址。",
  },
  "audit-retention": {
    "{name}: the stack names no profile, so that no floor can be measured.":
      "{name}：该部署未指定合规画像，无法对照下限。",
    "{name} locks objects for a time that nobody says. Profile {profile} asks for {days} days.":
      "{name} 的对象锁定期限未说明。合规画像 {profile} 要求 {days} 天。",
    "{name} locks objects for {days} days; profile {profile} asks for {floor}.":
      "{name} 锁定对象 {days} 天；合规画像 {profile} 要求不少于 {floor} 天。",
    "{name} locks objects for {days} days; profile {profile} allows {ceiling}.":
      "{name} 锁定对象 {days} 天；合规画像 {profile} 允许最多 {ceiling} 天。",
    "{where} keeps its audit trail for a time that nobody says. Profile {profile} asks for {days} days.":
      "{where} 的审计记录留存期限未说明。合规画像 {profile} 要求 {days} 天。",
    "{where} keeps its audit trail for {days} days; profile {profile} asks for {floor}.":
      "{where} 的审计记录留存 {days} 天；合规画像 {profile} 要求不少于 {floor} 天。",
    "{where} keeps its audit trail for {days} days; profile {profile} allows {ceiling}.":
      "{where} 的审计记录留存 {days} 天；合规画像 {profile} 允许最多 {ceiling} 天。",
  },
  "audit-sealed": {
    "{where} does not seal its audit trail. Set GW_AUDIT_SEAL_KEY_FILE.":
      "{where} 未对审计记录签封。应设置 GW_AUDIT_SEAL_KEY_FILE。",
    "{where} serves what it cannot record. Remove {variable}.":
      "{where} 在无法记录审计时仍提供服务。应移除 {variable}。",
    "{where} loses its audit trail with its pod. Keep GW_DATA_FOLDER on a volume claim.":
      "{where} 的审计记录会随 Pod 丢失。GW_DATA_FOLDER 应位于卷声明上。",
    "{where} archives into its pod. Mount a write-once claim at {folder}.":
      "{where} 归档到 Pod 内部。应在 {folder} 挂载一次写入的卷声明。",
  },
  "data-residency": {
    "{where} has outside providers, which profile {profile} does not allow.":
      "{where} 配置了外部模型提供方，合规画像 {profile} 不允许。",
    "Service {name} is a name for {host}. Lead it to pods.":
      "Service {name} 只是 {host} 的别名。应指向 Pod。",
    "{where} finds hosts by its own list. Leave names to the cluster's DNS.":
      "{where} 自行解析主机名。应由集群 DNS 解析。",
    "{where} cannot be read. Check its form.": "{where} 无法读取。应检查其格式。",
    "{where}: {model} is asked without TLS at {url}.":
      "{where}：{model} 经 {url} 以明文访问，未使用 TLS。",
    "{where}: {model} is answered at {url}, outside. Serve it within the cluster.":
      "{where}：{model} 由集群外的 {url} 应答。应在集群内提供服务。",
  },
  "default-accounts-off": {
    "Cluster {name} lets the superuser in by network. Set enableSuperuserAccess: false.":
      "Cluster {name} 允许超级用户经网络登录。应设置 enableSuperuserAccess: false。",
    "{name}: the default user is on. Begin its accessString with off.":
      "{name}：默认用户已启用。accessString 应以 off 开头。",
    "{where}, {file} leaves the default user on. Write: user default off.":
      "{where} 中的 {file} 未停用默认用户。应写入：user default off。",
    "{where}, {file} lets callers in by {method}. Use scram-sha-256.":
      "{where} 中的 {file} 允许以 {method} 方式登录。应使用 scram-sha-256。",
  },
  "log-content": {
    ...SETTINGS,
    "{where} logs $request ({line}). Name a log_format of its own.":
      "{where} 记录 $request（{line}）。应指定专用的 log_format。",
    "{where} logs {what}. Log $uri, and no body or header.":
      "{where} 记录 {what}。只应记录 $uri，不记录正文或请求头。",
    "{where} is told to log what it is asked ({word}). Remove it.":
      "{where} 被设置为记录请求内容（{word}）。应移除。",
    "{where}: {variable} is {value}. Logs would hold content.":
      "{where}：{variable} 为 {value}，日志将包含内容。",
  },
  "no-plain-listeners": {
    "{where} is asked over plain HTTP ({probe}). Serve TLS and set scheme: HTTPS.":
      "{where} 的 {probe} 使用明文 HTTP。应启用 TLS 并设置 scheme: HTTPS。",
    "{where} serves without a certificate. Give it --ssl-certfile and --ssl-keyfile.":
      "{where} 未配置证书。应设置 --ssl-certfile 和 --ssl-keyfile。",
    "{where} serves without TLS. Set GW_TLS_CERT_FILE and leave GW_TLS alone.":
      "{where} 未启用 TLS。应设置 GW_TLS_CERT_FILE，且不改动 GW_TLS。",
    "{where} takes less than TLS 1.3 ({policy}). Set sslPolicy {right}.":
      "{where} 接受低于 TLS 1.3 的协议（{policy}）。sslPolicy 应设为 {right}。",
    "{where} speaks {protocol}. Pass TCP to the edge, or redirect.":
      "{where} 使用的协议为 {protocol}。应将 TCP 转给入口，或只作重定向。",
  },
  "offline-inference": {
    "{where} may call home. Set {words}.": "{where} 可能向外发起连接。应设置 {words}。",
  },
  "only-through-gateway": {
    "{where} is a {type}, a way around the gateway. Use ClusterIP.":
      "{where} 的类型为 {type}，可绕过网关。应使用 ClusterIP。",
    "{where}: no NetworkPolicy says who may call model servers. Add one.":
      "{where}：没有 NetworkPolicy 限定谁可访问模型服务。应添加。",
    "{where} lets everybody call model servers. Allow the gateway alone.":
      "{where} 允许任意来源访问模型服务。只应放行网关。",
    "{where} lets {who} call model servers past the gateway. Remove it.":
      "{where} 允许 {who} 绕过网关访问模型服务。应移除。",
  },
  "quotas-enforced": {
    "{where} names no tier that could be judged.": "{where} 没有可判定的等级。",
    "{where}: tier {tier} may call without end. Set a limit per minute or day.":
      "{where}：等级 {tier} 的调用量不受限制。应设置每分钟或每日上限。",
    "{where}: tier {tier} may call as often at once as it likes. Set {key}.":
      "{where}：等级 {tier} 的并发量不受限制。应设置 {key}。",
  },
  "sealed-weights": {
    "{where} loads weights that nobody verified. Add the init container weights.":
      "{where} 加载的权重未经校验。应添加初始化容器 weights。",
    "{where} keeps its weights unsealed. Set {keys}.": "{where} 的权重未加密保存。应设置 {keys}。",
    "{where} loads {from}, and {to} was verified.": "{where} 加载 {from}，而经过校验的是 {to}。",
  },
  "tls13-monitoring": {
    "{where}, {file} takes less than TLS 1.3. Set tls_server_config.min_version: TLS13.":
      "{where} 中的 {file} 接受低于 TLS 1.3 的协议。应设置 tls_server_config.min_version: TLS13。",
    "{where}, {file} lets in more than it should. Set {says} in [{section}].":
      "{where} 中的 {file} 放行过宽。应在 [{section}] 中设置 {says}。",
    "{where}, {file} scrapes without TLS. Give every job scheme: https.":
      "{where} 中的 {file} 以明文采集指标。每个任务应设置 scheme: https。",
    "{where}, {file} trusts any certificate. Remove insecure_skip_verify.":
      "{where} 中的 {file} 不校验证书。应移除 insecure_skip_verify。",
  },
  "tls13-only": {
    "Not known: which TLS {where} takes, since nginx alone is judged. Use the edge.":
      "无法得知 {where} 接受哪些 TLS 版本：只判定 nginx 的配置。应使用本软件包的入口。",
    "{where}: {fault}": "{where}：{fault}",
  },
  "tls13-stores": {
    ...SETTINGS,
    "{name} takes TLS 1.2 by its default parameters. Set parameterGroupName.":
      "{name} 的默认参数接受 TLS 1.2。应设置 parameterGroupName。",
    "{where} takes plain connections. Set {key} to {right}.":
      "{where} 接受明文连接。{key} 应设为 {right}。",
    "{where} takes plain connections. Set {setting}.": "{where} 接受明文连接。应设置 {setting}。",
    "{where} lets callers in without TLS. Use hostssl in pg_hba.":
      "{where} 允许不经 TLS 的连接。pg_hba 中应使用 hostssl。",
    "{where} may be told otherwise by a statement. Remove enableAlterSystem.":
      "{where} 的设置可被语句改变。应移除 enableAlterSystem。",
    "{where} takes {version}. Set ssl_min_protocol_version to TLSv1.3.":
      "{where} 接受 {version}。ssl_min_protocol_version 应设为 TLSv1.3。",
  },
};
