/**
 * What the requirement asks for under safety and compliance, line by line: which controls answer, and what
 * stays with people. The words of the requirement are kept, since the reader has it in hand.
 */
import type { Words } from "../../policies/catalogue/catalogue.ts";
import type { Assessment, ControlFinding } from "./assessment.ts";

export interface ChecklistLine {
  readonly asked: Words;
  readonly controls: readonly string[];
  readonly answer: Words;
}

const CHECKLIST: readonly ChecklistLine[] = [
  {
    asked: {
      zh: "传输加密：强制使用 TLS 1.3 协议",
      en: "Encryption in transit: TLS 1.3 is forced",
    },
    controls: ["tls-callers", "tls-stores", "tls-monitoring", "handshakes"],
    answer: {
      zh: "每个监听端口的配置均被检查；真实握手由运行中的系统举证。",
      en: "The configuration of every listener is checked; real handshakes are evidence of a running site.",
    },
  },
  {
    asked: {
      zh: "存储加密：启用 KMS 加密模型权重文件",
      en: "Encryption at rest: weights under KMS",
    },
    controls: ["sealed-weights", "encryption-cloud", "encryption-volumes", "key-rotation"],
    answer: {
      zh: "权重在加载前校验并以指定密钥解封；节点 root 可读到明文。",
      en: "Weights are verified and unsealed under a named key before they are loaded. Root on a node reads them in clear.",
    },
  },
  {
    asked: {
      zh: "审计日志：记录所有 API 调用详情（保留 90 天）",
      en: "Audit log: every call of the API (kept 90 days)",
    },
    controls: ["audit-sealed", "audit-retention", "audit-worm", "one-way-in", "log-content"],
    answer: {
      zh: "90 天仅作检索层；法定下限更长（网络安全法第二十三条：不少于六个月），以画像下限为准。",
      en: "90 days is the searchable tier. The law asks for more (six months by the Cybersecurity Law), and the profile's floor holds.",
    },
  },
  {
    asked: { zh: "完成等保 2.0 三级认证", en: "MLPS 2.0 level 3" },
    controls: ["grading", "organisation", "physical"],
    answer: {
      zh: "程序不能“完成认证”：定级、备案与测评由运营者和测评机构完成。本报告逐条列出技术部分的结果。",
      en: "A program cannot be certified: grading, filing and assessment are the operator's and an assessor's. The technical part is answered clause by clause below.",
    },
  },
  {
    asked: { zh: "通过 GDPR 数据保护影响评估", en: "GDPR data protection impact assessment" },
    controls: ["impact-assessment", "data-subjects", "region", "residency", "log-content"],
    answer: {
      zh: "评估由控制者作出；dpia 文件给出由资源图填写的草稿（流向、措施、剩余风险）。",
      en: "The controller makes it; the file dpia is a draft filled from the graph: flows, measures, residual risk.",
    },
  },
  {
    asked: {
      zh: "建立模型输出内容过滤机制（禁用敏感词库）",
      en: "Filter of the model's output (list of forbidden words)",
    },
    controls: ["one-way-in", "content-filter", "content-label"],
    answer: {
      zh: "过滤在网关中，模型只能经网关访问；词库由安全管理员在运行时维护，其规模与题库结果须举证。",
      en: "The filter is in the gateway, and models are reached through it alone. Its lists are kept by the security administrator at run time: their size and the results of the test banks are evidence.",
    },
  },
];

export interface AnsweredLine extends ChecklistLine {
  readonly findings: readonly ControlFinding[];
}

/** A control outside of the profile's laws is still named: the requirement asks whatever the profile. */
export function answered({ controls }: Assessment): AnsweredLine[] {
  return CHECKLIST.map((line) => ({
    ...line,
    findings: line.controls.flatMap((id) => controls.filter(({ control }) => control.id === id)),
  }));
}
