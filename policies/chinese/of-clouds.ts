/** What rules about stores of record and about resources of a cloud say, in Chinese, by what they say in English. */
import type { Templates } from "./templates.ts";

export const OF_CLOUDS: Readonly<Record<string, Templates>> = {
  "audit-worm": {
    "{name} lets backups be deleted. Lock it: minRetentionDays and changeableForDays.":
      "{name} 中的备份可被删除。应锁定：设置 minRetentionDays 和 changeableForDays。",
    "{name} has no Object Lock. Set objectLockEnabled: true.":
      "{name} 未启用对象锁定。应设置 objectLockEnabled: true。",
    "{name} has no default retention. Set defaultRetention.mode: COMPLIANCE.":
      "{name} 没有默认保留策略。应设置 defaultRetention.mode: COMPLIANCE。",
    "{name} has mode {mode}. Set defaultRetention.mode: COMPLIANCE.":
      "{name} 的保留模式为 {mode}。应设置 defaultRetention.mode: COMPLIANCE。",
    "{name} keeps no versions. Enable versioning.": "{name} 不保留版本。应启用版本控制。",
  },
  backups: {
    "{name}: the stack names no profile, so that no time can be measured.":
      "{name}：该部署未指定合规画像，无法对照期限。",
    "{name} keeps no snapshot. Set snapshotRetentionLimit.":
      "{name} 不保留快照。应设置 snapshotRetentionLimit。",
    "{name} is backed up by nobody. Use the operator's Cluster with backups, or a managed database.":
      "{name} 没有备份。应使用带备份的 CloudNativePG Cluster 或托管数据库。",
    "{name} keeps its own backups {days} days of {floor}. Set backupRetentionPeriod.":
      "{name} 自身备份保留 {days} 天，要求 {floor} 天。应设置 backupRetentionPeriod。",
    "{name} is in no backup plan that keeps {days} days. Select it.":
      "{name} 不在任何保留 {days} 天的备份计划中。应将其纳入。",
    "{name} has no ScheduledBackup that runs. Add one.":
      "{name} 没有生效的 ScheduledBackup。应添加。",
    "{name} archives to no object store. Name one in its plugins.":
      "{name} 未归档到对象存储。应在 plugins 中指定。",
    "{name} keeps its backups {days} days of {floor}. Set retentionPolicy.":
      "{name} 的备份保留 {days} 天，要求 {floor} 天。应设置 retentionPolicy。",
    "{name} writes {part} in clear. Set configuration.{key}.encryption.":
      "{name} 以明文写入 {part}。应设置 configuration.{key}.encryption。",
  },
  "boundary-audit": {
    "{name} keeps no record of its flows. Add a FlowLog with trafficType ALL.":
      "{name} 不记录网络流量。应添加 trafficType 为 ALL 的 FlowLog。",
    "{name} does not log {what}. Add to {key}.": "{name} 未记录 {what} 日志。应加入 {key}。",
  },
  "closed-security-groups": {
    "{name} opens the group to every address. Name ranges or a group.":
      "{name} 向任意地址开放安全组。应指明地址范围或安全组。",
    "{name} opens a way to every address. Name ranges or a group.":
      "{name} 允许访问任意地址。应指明地址范围或安全组。",
    "{name} allows every protocol or port. Name them.": "{name} 放行所有协议或端口。应逐一列出。",
    "{name} holds every address. Name ranges.": "{name} 包含任意地址。应指明地址范围。",
    "{name}: the VPC's default group lets traffic through. Empty it.":
      "{name}：VPC 的默认安全组放行流量。应清空。",
    "{name} is open to every address. Name ranges or groups.":
      "{name} 向任意地址开放。应指明地址范围或安全组。",
  },
  "cloud-data-encrypted": {
    "{name} is not encrypted under our key. Set {what}.":
      "{name} 未以自有密钥加密。应设置 {what}。",
  },
  "deletion-protection": {
    "StorageClass {name} deletes volumes with their claims. Set reclaimPolicy: Retain.":
      "StorageClass {name} 会随卷声明删除卷。应设置 reclaimPolicy: Retain。",
    "PersistentVolume {name} goes with its claim. Set persistentVolumeReclaimPolicy: Retain.":
      "PersistentVolume {name} 会随卷声明删除。应设置 persistentVolumeReclaimPolicy: Retain。",
    "StatefulSet {name} loses its volumes ({key}). Set it to Retain.":
      "StatefulSet {name} 会丢失其卷（{key}）。应设为 Retain。",
    "{name} can be deleted. Set {setting}.": "{name} 可被直接删除。应设置 {setting}。",
    "{name} leaves no last snapshot. Set finalSnapshotIdentifier.":
      "{name} 删除时不留最终快照。应设置 finalSnapshotIdentifier。",
    "{name} takes its backups along. Set deleteAutomatedBackups: false.":
      "{name} 删除时会一并删除备份。应设置 deleteAutomatedBackups: false。",
    "{name} is emptied when it is deleted. Set forceDestroy: false.":
      "{name} 删除时会被清空。应设置 forceDestroy: false。",
  },
  "hardened-nodes": {
    "{name} answers pods, as its service's own template does. Set launchTemplate.":
      "{name} 使用服务默认模板，其元数据服务会应答 Pod。应设置 launchTemplate。",
    "{name} answers without a session. Set metadataOptions.httpTokens: required.":
      "{name} 的元数据服务不要求会话令牌。应设置 metadataOptions.httpTokens: required。",
    "{name} answers pods. Set metadataOptions.httpPutResponseHopLimit: 1.":
      "{name} 的元数据服务会应答 Pod。应设置 metadataOptions.httpPutResponseHopLimit: 1。",
    "{name} has user data that cannot be read. Check its form.":
      "{name} 的用户数据无法读取。应检查其格式。",
    "{name} turns off {what} when it starts. Take that out of its user data.":
      "{name} 启动时会关闭以下防护：{what}。应从用户数据中移除。",
  },
  "key-rotation": {
    "{name} is never renewed. Set enableKeyRotation: true.":
      "{name} 从不轮换。应设置 enableKeyRotation: true。",
    "{name} is renewed every {days} days. Set rotationPeriodInDays: 365.":
      "{name} 每 {days} 天轮换一次。应设置 rotationPeriodInDays: 365。",
    "{name} is gone {days} days after its deletion. Set deletionWindowInDays: 30.":
      "{name} 在计划删除 {days} 天后即不可恢复。应设置 deletionWindowInDays: 30。",
    "{name} keeps its private key for ever. Set privateKey.rotationPolicy: Always.":
      "{name} 的私钥从不更换。应设置 privateKey.rotationPolicy: Always。",
    "{name} names no issuer, so that nobody renews it. Set issuerRef.":
      "{name} 未指定签发者，无法续期。应设置 issuerRef。",
  },
  "least-iam": {
    "{name} is a credential without an end. Let a role be taken instead.":
      "{name} 是无期限的凭据。应改用角色。",
    "{name} gives {policy}. Write down what is needed.":
      "{name} 授予 {policy}。应按最小权限写明所需权限。",
    "{name} has no policy document that could be judged.": "{name} 没有可判定的策略文档。",
    "{where} allows by {negation}, which is all the rest. Name what is allowed.":
      "{where} 以 {negation} 授权，即放行其余一切。应列出允许的内容。",
    "{where} allows {actions} on every resource. Name them.":
      "{where} 对所有资源允许 {actions}。应列出资源。",
    "{where} allows {action}. Name the actions.": "{where} 允许 {action}。应逐一列出动作。",
    "{where} lets in everybody. Name principals, or a condition that narrows.":
      "{where} 允许任意主体。应指明主体，或加限定条件。",
    "{where} lets in whoever its provider vouches for. Name the subject.":
      "{where} 允许身份提供方认可的任意主体。应指明主体。",
  },
  "log-retention": {
    "{name}: the stack names no profile, so that no time can be measured.":
      "{name}：该部署未指定合规画像，无法对照期限。",
    "{name} keeps its logs for ever. Set retentionInDays.":
      "{name} 永久保留日志。应设置 retentionInDays。",
    "{name} keeps {days} days; profile {profile} asks for {floor}.":
      "{name} 保留 {days} 天；合规画像 {profile} 要求不少于 {floor} 天。",
    "{name} keeps {days} days; profile {profile} allows {ceiling}.":
      "{name} 保留 {days} 天；合规画像 {profile} 允许最多 {ceiling} 天。",
  },
  "no-plain-secrets": {
    "ConfigMap {name}, {file} holds {what}. Move it to a Secret.":
      "ConfigMap {name} 中的 {file} 含有机密（{what}）。应移至 Secret。",
    "{where}: env[{index}] is no variable.": "{where}：env[{index}] 不是变量。",
    "{where}, variable {name} holds {what}. Use a secretKeyRef.":
      "{where} 的变量 {name} 含有机密（{what}）。应使用 secretKeyRef。",
    "{where}, {words} holds {what}. Use a file from a Secret.":
      "{where} 的 {words} 含有机密（{what}）。应使用来自 Secret 的文件。",
    "{name}, {key} holds {what}. Let it be read from a store of secrets.":
      "{name} 的 {key} 含有机密（{what}）。应从密钥管理服务读取。",
  },
  "no-public-endpoints": {
    "{name}: {kind} {object} publishes it past our edge. Let callers come by the edge's Service.":
      "{name}：{kind} {object} 绕过入口对外发布。调用方只应经入口的 Service 访问。",
    "{name}: it takes addresses that the cluster does not own. Remove externalIPs.":
      "{name}：占用不属于集群的地址。应移除 externalIPs。",
    "{name}: its load balancer faces the internet. Use a NodePort or an internal one.":
      "{name}：其负载均衡面向互联网。应使用 NodePort 或内部负载均衡。",
    "{name}: it answers on the internet, or leads there. Remove it.":
      "{name}：可从互联网访问或通向互联网。应移除。",
    "{name}: it has a public address. Set publiclyAccessible: false.":
      "{name}：具有公网地址。应设置 publiclyAccessible: false。",
    "{name}: it has a public address. Remove associatePublicIpAddress.":
      "{name}：具有公网地址。应移除 associatePublicIpAddress。",
    "{name}: it faces the internet. Set internal: true.":
      "{name}：面向互联网。应设置 internal: true。",
    "{name}: its API answers on the internet. Set vpcConfig.endpointPublicAccess: false.":
      "{name}：其 API 可从互联网访问。应设置 vpcConfig.endpointPublicAccess: false。",
    "{name}: what starts there gets a public address. Remove mapPublicIpOnLaunch.":
      "{name}：在其中启动的实例会得到公网地址。应移除 mapPublicIpOnLaunch。",
    "{name}: its nodes get public addresses. Remove associatePublicIpAddress.":
      "{name}：其节点会得到公网地址。应移除 associatePublicIpAddress。",
    "{name}: it joins the network to the internet. Remove it.":
      "{name}：将网络接入互联网。应移除。",
    "{name}: it leads to the internet. Use interface endpoints.":
      "{name}：通向互联网。应使用接口终端节点。",
    "{name}: it leads to the internet. Route to endpoints within the network.":
      "{name}：通向互联网。应路由到网络内的终端节点。",
    "{name}: it is a public address. Remove it.": "{name}：是公网地址。应移除。",
    "{name}: anybody may be let in. Give it a BucketPublicAccessBlock with all four.":
      "{name}：可能对任何人开放。应设置四项全开的 BucketPublicAccessBlock。",
  },
  redundancy: {
    "{name} stands in {subnets} subnet. Give it one in each of two zones.":
      "{name} 只位于 {subnets} 个子网。应在两个可用区各设一个。",
    "{name} may have {nodes} node. Set minSize to 2.":
      "{name} 最少可为 {nodes} 个节点。minSize 应设为 2。",
    "{where} has {replicas} replica. Set at least {least}.":
      "{where} 有 {replicas} 个副本。应至少为 {least} 个。",
    "{where} is not spread over {key}. Add a topologySpreadConstraint.":
      "{where} 未按 {key} 分散部署。应添加 topologySpreadConstraint。",
    "{where} may be evicted whole. Add a PodDisruptionBudget.":
      "{where} 可能被整体驱逐。应添加 PodDisruptionBudget。",
  },
  "region-fence": {
    "{name}: the stack names no profile, so that no region is allowed.":
      "{name}：该部署未指定合规画像，没有可用的区域。",
    "{name} acts in {region}, outside of {regions} (profile {profile}).":
      "{name} 使用的区域为 {region}，不在 {regions} 之内（合规画像 {profile}）。",
    "{name} points to {region}, outside of {regions} (profile {profile}).":
      "{name} 指向区域 {region}，不在 {regions} 之内（合规画像 {profile}）。",
  },
  "replicated-state": {
    "{name} stands in one zone. Set {setting}.": "{name} 只在一个可用区。应设置 {setting}。",
    "{name} has no replica. Set numCacheClusters to 2 or more.":
      "{name} 没有副本。numCacheClusters 应不小于 2。",
    "{name} does not fail over by itself. Set automaticFailoverEnabled.":
      "{name} 不能自动故障转移。应设置 automaticFailoverEnabled。",
    "{name} has {instances} instance. Set instances to 3.":
      "{name} 有 {instances} 个实例。instances 应设为 3。",
    "{name} may lose what it confirmed. Set synchronous.dataDurability: required.":
      "{name} 可能丢失已确认的数据。应设置 synchronous.dataDurability: required。",
    "{name} has {replicas} replica. Set at least {least}.":
      "{name} 有 {replicas} 个副本。应至少为 {least} 个。",
  },
  "restored-backups": {
    "{name} is in no restore testing plan with a schedule. Select it.":
      "{name} 不在任何定期恢复测试计划中。应将其纳入。",
    "{name} has backups that nobody restores. Add a RestoreTest of its archive.":
      "{name} 的备份无人做恢复测试。应为其归档添加 RestoreTest。",
  },
  "scan-and-pin": {
    "{name} is not scanned. Set scanOnPush: true.": "{name} 未做扫描。应设置 scanOnPush: true。",
    "{name} lets tags change. Set imageTagMutability: IMMUTABLE.":
      "{name} 的标签可被覆盖。应设置 imageTagMutability: IMMUTABLE。",
    "{name} names no version. Set {key}.": "{name} 未指定版本。应设置 {key}。",
    "{name} takes whatever image is newest. Set releaseVersion.":
      "{name} 使用当时最新的镜像。应设置 releaseVersion。",
    "{name} takes whatever is newest. Set addonVersion.":
      "{name} 使用当时最新的版本。应设置 addonVersion。",
    "{name} names no full version. Set engineVersion.":
      "{name} 未指定完整版本。应设置 engineVersion。",
    "{name} changes by itself. Set autoMinorVersionUpgrade: false.":
      "{name} 会自行升级。应设置 autoMinorVersionUpgrade: false。",
  },
};
