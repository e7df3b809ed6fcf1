/**
 * What exemptions say, in Chinese, by what they say in English. A site that adds rows adds theirs here,
 * or its Chinese reports show them in English and say so.
 */
const CHINESE: Readonly<Record<string, string>> = {
  "GPU device plugins and the exporter register with the kubelet through the host's sockets.":
    "GPU 设备插件与采集器须经主机套接字向 kubelet 注册。",
  "Log files of pods lie on the node and are root's; the agent mounts that folder alone, to read only.":
    "Pod 的日志文件位于节点上且属于 root；代理只以只读方式挂载该目录。",
  "platform engineering": "平台工程部门",
  "information security": "信息安全部门",
  "Holds the device plugins and nothing else; a pod there is as good as root on the node.":
    "只运行设备插件；该命名空间内的 Pod 等同于节点上的 root。",
  "Device plugins answer the kubelet on a socket and offer nothing that a probe could ask.":
    "设备插件通过套接字应答 kubelet，没有可供探针访问的接口。",
  "A worker of a group has no port; its leader's probe fails with it, and both start anew.":
    "组内工作节点没有端口；其失效会使主节点探针失败，二者一并重启。",
  "As many pods as there are GPU nodes: a quota would leave a new node without its plugin.":
    "Pod 数与 GPU 节点数相同；设置配额会使新节点得不到插件。",
  "Holds the agents that read log files and nothing else.": "只运行读取日志文件的代理。",
  "As many pods as there are nodes: a quota would leave a new node without its agent.":
    "Pod 数与节点数相同；设置配额会使新节点得不到代理。",
  "Whom alerts reach is each site's own; no address is committed with this package.":
    "告警的接收人由各站点自行确定；本软件包不提交任何地址。",
  "head of operations of the site, until a receiver is set": "站点运维负责人（直至设定接收人）",
  "S3's addresses change. The VPC has no way out but its endpoints, on port 443.":
    "S3 的地址会变化；VPC 除 443 端口的终端节点外没有其他出口。",
  "The audit trail goes to S3, whose addresses change; the VPC's own are left out of the range.":
    "审计轨迹写入 S3，其地址会变化；所开放的范围不含 VPC 自身地址。",
  "Both keep what watches the service, no record of it; a new pod goes on with its volume.":
    "二者只保存监控数据，不保存业务记录；新 Pod 以原卷继续运行。",
  "Two would restore everything twice. What is lost with its volume are records of tests, which a new pod begins again at once.":
    "两个实例会将全部数据恢复两次；随卷丢失的只是测试记录，新 Pod 会立即重新开始测试。",
  "It is the replica of the other site's Redis until it takes over; quotas then begin anew.":
    "接管之前它是另一站点 Redis 的副本；接管后配额重新计算。",
  "Nothing of the service comes near patients' data: the hospital restores it itself and hands in its record.":
    "本服务不接触患者数据；由医院自行恢复并提交记录。",
  "medical records of the hospital": "医院病案管理部门",
  "Holds no data of customers, and is destroyed as a whole.": "不保存客户数据，且整体销毁。",
  "audit office: no call of a customer is recorded there": "审计部门：此处不记录任何客户调用",
  "A pilot without a second store; nothing of record may be kept there.":
    "试点环境，没有第二存储；不得在此保存正式记录。",
  "owner of the pilot": "试点负责人",
  "A pilot on one or two machines has nowhere for a second copy.":
    "试点环境只有一至两台机器，没有存放第二份副本的位置。",
  "Volumes are folders of the machine, whose disk its owner encrypts.":
    "卷为本机目录，磁盘由机器所有者加密。",
  "owner of the machine": "机器所有者",
  "Answers on loopback alone, to its own user.": "仅在回环地址上应答其本机用户。",
  "The example names no storage class; a site sets deepseek:storage.class.":
    "示例未指定存储类；站点须设置 deepseek:storage.class。",
  "owner of the site, until it names its class": "站点负责人（直至指定存储类）",
  "Open weights of an example; they are verified, and hold no secret.":
    "示例使用公开权重，经过校验，不含机密。",
  "Weights alone are copied between the example's two regions; a pair in China names two of China.":
    "示例的两个区域之间只复制权重；境内的成对站点应指定两个境内区域。",
  "data protection officer: weights hold no personal data, and no data follows them":
    "数据保护负责人：权重不含个人信息，也没有数据随之传输",
  "The committed stacks name an example region; a site in China sets cn-north-1 or cn-northwest-1.":
    "所提交的环境使用示例区域；境内站点须设置 cn-north-1 或 cn-northwest-1。",
  "data protection officer: no data of persons in China before the region is set":
    "数据保护负责人：区域设定之前不处理境内个人的数据",
};

/** undefined: there is none yet. */
export function inChinese(text: string): string | undefined {
  return CHINESE[text];
}
