/** What stands in the places of a rule's sentence where it is more than a name. */
import type { Templates } from "./templates.ts";

export const PHRASES: Templates = {
  // Where something is.
  "{owner}, init container {name}": "{owner} 的初始化容器 {name}",
  "{owner}, ephemeral container {name}": "{owner} 的临时容器 {name}",
  "{owner}, container {name}": "{owner} 的容器 {name}",
  "{owner}, statement {name}": "{owner} 的语句 {name}",
  "{owner}, ingress": "{owner} 的入站规则",
  "{owner}, egress": "{owner} 的出站规则",
  "ConfigMap {name}, {file}": "ConfigMap {name} 中的 {file}",
  "Secret {name}, {file}": "Secret {name} 中的 {file}",
  "Parameter group {name}": "参数组 {name}",
  "Listener on {port}": "监听器 {port}",
  "{kind} (named later)": "{kind}（名称待定）",
  "(named later)": "（名称待定）",
  "{kind} (name not known yet)": "{kind}（名称尚未确定）",
  "(name not known yet)": "（名称尚未确定）",
  "(no host)": "（无主机）",
  "(no port)": "（无端口）",
  "number {index}": "第 {index} 个",

  // What was found there.
  "the cluster's default class": "集群的默认存储类",
  "class {name}": "存储类 {name}",
  "a model": "某模型",
  "pods of every namespace": "所有命名空间的 Pod",
  "an unknown folder": "未知目录",
  "a path": "（未写明）",
  "no region": "（未指定）",
  "its default": "默认策略",
  "an unknown protocol": "未知协议",

  // nginx.
  "ssl_protocols {words} takes less than TLS 1.3.":
    "ssl_protocols {words} 接受低于 TLS 1.3 的协议。",
  "{directive} lets a connection go out below TLS 1.3.": "{directive} 使出站连接可低于 TLS 1.3。",
  "{directive} takes less than TLS 1.3. Remove it.":
    "{directive} 接受低于 TLS 1.3 的协议。应移除。",
  "cannot be read: {why}. Check it with nginx -t.": "无法读取：{why}。应以 nginx -t 检查。",
  "{server} takes nginx's default. Set ssl_protocols TLSv1.3;":
    "{server} 使用 nginx 的默认协议。应设置 ssl_protocols TLSv1.3;",
  "{server} takes {protocols}. Set ssl_protocols TLSv1.3;":
    "{server} 接受 {protocols}。应设置 ssl_protocols TLSv1.3;",
  "server {name} passes calls on without TLS (listen {listen}).":
    "服务器 {name} 不经 TLS 转发请求（listen {listen}）。",
  "the default server on {address}": "{address} 上的默认服务器",
  "server {name} on {address}": "{address} 上的服务器 {name}",
  "without a name": "（无名称）",
  "an open quote on line {line}": "第 {line} 行的引号未闭合",
  "a } without its {": "多余的 }",
  "a { without its }": "{ 未闭合",
  "no ; after {word}": "{word} 之后缺少 ;",
  "blocks nested too deeply": "块嵌套过深",

  // Secrets.
  "a private key": "私钥",
  "an AWS access key": "AWS 访问密钥",
  "an API key": "API 密钥",
  "a forge's token": "代码托管平台的令牌",
  "a signed token": "已签名的令牌",
  "a password inside an address": "地址中的口令",
  "what its name calls a secret": "名称表明为机密的内容",
  "what is compressed and cannot be read": "无法读取的压缩内容",
  "the setting {name}": "机密设置 {name}",

  // Nodes.
  "the kubelet's authentication": "kubelet 的身份鉴别",
  "the kubelet's authorisation": "kubelet 的访问控制",
  "the kubelet's closed port": "kubelet 只读端口的关闭设置",
  "the renewal of the kubelet's certificate": "kubelet 证书的自动续期",
  "the kernel's own guards": "内核的防护机制",
  "a service that guards it": "防护服务",
  "sessions of its metadata": "元数据服务的会话令牌",
  "keys for SSH": "SSH 的密钥登录限制",

  // What is used instead of what nobody keeps any more.
  "the edge of this package, or an implementation of the Gateway API":
    "本软件包的入口，或 Gateway API 的实现",
  "Ceph RGW, or an object store of the site": "Ceph RGW 或站点的对象存储",
  "this pack": "本策略包",
  "the OpenTelemetry Collector": "OpenTelemetry Collector",

  // Settings that are more than one word.
  "encryptionConfigurations with a kmsKey": "带 kmsKey 的 encryptionConfigurations",
  "encryptionConfig of secrets with a keyArn": "针对 secrets 且带 keyArn 的 encryptionConfig",
  "blockDeviceMappings that are encrypted with a kmsKeyId":
    "以 kmsKeyId 加密的 blockDeviceMappings",
  "a key of KMS": "KMS 密钥",
  "a BucketServerSideEncryptionConfiguration with aws:kms and a kmsMasterKeyId":
    "使用 aws:kms 且带 kmsMasterKeyId 的 BucketServerSideEncryptionConfiguration",
  "{one} or {other}": "{one} 或 {other}",
  "{one} and {other}": "{one}、{other}",
};
