/**
 * Which control answers to which clause, and how far. "full": passing rules are the whole of what the clause
 * asks of a program; "partial": a part of it; "evidence-only": a running site shows it; "manual": a person
 * attests it. A clause may have many controls, a control many clauses.
 */
import type { ClauseMap } from "./catalogue.ts";

/** `m("2.1.e", …)`: items of GB/T 22239-2019 8.1. */
const m = (...items: readonly string[]) => items.map((item) => `mlps:8.1.${item}`);
const c = (...items: readonly string[]) => items.map((item) => `mlps:8.2.${item}`);
const g = (...items: readonly string[]) => items.map((item) => `gdpr:${item}`);
const h = (...items: readonly string[]) => items.map((item) => `hipaa:164.${item}`);

export const MAP: ClauseMap = {
  "tls-callers": {
    full: [...m("2.2.a", "2.2.b", "4.7.a", "4.8.a", "4.1.c"), ...h("312(e)(2)(ii)")],
    partial: [...c("4.5"), ...g("32(1)(a)"), ...h("312(e)(1)"), "pipl:51", "crypto:8.2"],
  },
  "tls-stores": {
    full: m("4.7.a", "4.8.a"),
    partial: [
      ...m("2.2.a", "2.2.b"),
      ...g("32(1)(a)"),
      ...h("312(e)(1)", "312(e)(2)(ii)"),
      "crypto:8.2",
    ],
  },
  "tls-monitoring": { partial: [...m("5.4.b", "4.8.a"), ...g("32(1)(a)"), ...h("312(e)(1)")] },
  "encryption-cloud": {
    full: [...m("4.8.b"), ...h("312(a)(2)(iv)")],
    partial: [
      ...c("4.5", "4.4"),
      ...g("32(1)(a)"),
      "csl:23(4)",
      "pipl:51",
      "crypto:8.4",
      "bank:2024-24",
    ],
  },
  "encryption-volumes": {
    partial: [
      ...m("4.8.b"),
      ...g("32(1)(a)"),
      ...h("312(a)(2)(iv)"),
      "csl:23(4)",
      "crypto:8.4",
      "health:2022-29-data",
    ],
  },
  "sealed-weights": {
    partial: [...m("4.6", "4.7.b"), ...c("4.4"), ...h("312(c)(1)", "312(c)(2)")],
  },
  "no-public": {
    full: m("3.1.a", "2.1.d"),
    partial: [...m("4.4.c", "3.3.a"), ...c("2.1"), ...g("32(1)(b)"), ...h("312(a)(1)")],
  },
  "boundary-groups": {
    full: c("3.1"),
    partial: [...m("3.2.a", "3.2.b", "3.2.c", "3.2.d", "3.3.a"), ...h("312(e)(1)")],
  },
  "default-deny": {
    full: m("3.2.a"),
    partial: [...m("2.1.c", "3.1.c", "3.3.b"), ...c("2.1"), ...g("25"), ...h("312(a)(1)")],
  },
  flows: { full: m("3.2.b", "3.2.c"), partial: [...m("3.2.d", "2.1.c"), ...c("3.1")] },
  "one-way-in": {
    full: m("3.2.e"),
    partial: [...m("4.3.a", "4.4.d", "4.2.f"), "ai:interim-14", ...g("25")],
  },
  "pods-restricted": {
    full: m("4.4.a", "4.4.b"),
    partial: [...c("4.2"), ...g("32(1)(b)"), ...h("308(a)(1)(ii)(A)")],
  },
  "no-host": { full: m("4.4.b"), partial: c("4.2") },
  "least-cluster-rights": {
    partial: [
      ...m("4.2.a", "4.2.d", "4.2.e"),
      ...g("25", "32(4)"),
      ...h("308(a)(3)", "308(a)(4)", "312(a)(1)"),
    ],
  },
  "least-cloud-rights": {
    partial: [
      ...m("4.2.d", "4.2.e"),
      ...c("4.2"),
      ...g("32(4)"),
      ...h("308(a)(3)", "308(a)(4)", "312(a)(1)"),
    ],
  },
  "image-sources": { partial: [...m("4.6", "9.3"), ...c("4.4", "6.2")] },
  "supported-components": { partial: [...m("4.4.e", "10.5"), ...c("6.2"), ...g("32(1)(d)")] },
  "scan-and-patch": {
    partial: [...m("4.4.e", "10.5", "5.4.e"), ...h("308(a)(5)(ii)(B)"), ...g("32(1)(d)")],
  },
  "no-plain-secrets": {
    partial: [...m("4.8.b", "4.10.a", "10.9"), ...g("32(1)(b)"), "crypto:8.3"],
  },
  "default-accounts": { full: m("4.2.b"), partial: [...g("25"), ...h("308(a)(4)")] },
  "admin-separation": {
    full: m("5.1.b", "5.2.b", "5.3.b"),
    partial: [...m("4.2.d"), ...g("32(4)"), ...h("308(a)(3)")],
  },
  "admin-mfa": {
    full: [...m("4.1.d")],
    partial: [...m("5.1.a", "5.2.a", "5.3.a"), ...c("4.1"), ...h("312(d)"), ...g("32(1)(b)")],
  },
  "hardened-nodes": { partial: [...m("4.4.b"), ...c("4.3")] },
  "audit-sealed": {
    full: [...m("4.3.d"), ...h("312(b)")],
    partial: [
      ...m("4.3.a", "4.3.b", "4.3.c", "5.1.a", "5.2.a", "5.3.a"),
      ...g("5(2)"),
      "bank:2026-8-21",
    ],
  },
  "audit-retention": {
    full: [
      ...m("5.4.d"),
      ...g("5(1)(e)"),
      ...h("316(b)(2)(i)"),
      "csl:23(3)",
      "bank:2009-19-27(2)",
      "pipl:19",
    ],
    partial: ["bank:2026-8-21", "ai:label-9", ...h("312(b)")],
  },
  "audit-worm": {
    full: m("4.3.c"),
    partial: [
      ...m("3.5.c", "4.7.b"),
      ...g("5(1)(f)"),
      ...h("312(c)(1)", "312(c)(2)"),
      "bank:2009-19-27(2)",
    ],
  },
  "boundary-audit": {
    full: m("3.5.a"),
    partial: [...m("3.5.b", "3.5.d", "3.3.d"), ...c("3.3"), ...g("30"), ...h("312(b)")],
  },
  "log-retention": {
    partial: [...m("3.5.c", "5.4.d"), "csl:23(3)", ...g("5(1)(e)"), ...h("316(b)(2)(i)")],
  },
  "log-content": {
    partial: [
      ...m("4.11.a", "4.11.b"),
      ...g("5(1)(c)", "25"),
      ...h("502(b)", "514"),
      "pipl:51",
      "pipl:28",
    ],
  },
  alerting: {
    partial: [
      ...m("5.4.c", "5.4.f", "3.3.d", "4.4.f"),
      ...c("5.1"),
      ...g("33"),
      ...h("308(a)(6)"),
      "dsl:29",
    ],
  },
  backups: {
    full: h("308(a)(7)(ii)(A)"),
    partial: [
      ...m("4.9.a", "4.9.b", "10.11"),
      ...c("4.6"),
      ...g("32(1)(c)"),
      "csl:23(4)",
      "bank:20988-2025",
    ],
  },
  "restored-backups": {
    partial: [...m("4.9.a", "10.11"), ...g("32(1)(d)"), ...h("308(a)(7)(ii)(D)")],
  },
  redundancy: {
    full: m("2.1.e", "4.9.c"),
    partial: [...g("32(1)(b)"), ...h("308(a)(7)(ii)(C)"), "bank:2009-19-ch7"],
  },
  "replicated-state": { partial: [...m("4.9.b", "4.9.c"), ...g("32(1)(b)"), "bank:20988-2025"] },
  standby: {
    partial: [...m("4.9.b"), ...g("32(1)(c)"), ...h("308(a)(7)(ii)(B)"), "bank:20988-2025"],
  },
  offline: { partial: [...m("3.1.c"), ...h("308(a)(7)(ii)(C)"), "bank:2009-19-ch7"] },
  "deletion-protection": { partial: [...m("4.9.a", "10.11"), ...g("32(1)(b)"), ...h("312(c)(1)")] },
  "key-rotation": { partial: [...m("10.9", "4.1.a"), "crypto:8.4", ...g("32(1)(a)")] },
  capacity: { partial: [...m("2.1.a"), ...g("32(1)(b)")] },
  "graceful-drain": { partial: [...m("4.9.c"), ...g("32(1)(b)")] },
  "gpu-placement": { partial: m("2.1.a") },
  region: { full: [...c("1.1"), "health:2022-29-cn"], partial: [...g("44"), "dsl:36", "pipl:38"] },
  residency: { partial: [...g("44", "28"), "pipl:38", "dsl:36", "bank:2024-24", ...h("314")] },
  "patient-store": {
    partial: [...m("4.11.b", "4.2.g"), ...g("9"), "health:2022-29-data", ...h("502(b)"), "pipl:28"],
  },
  profile: { partial: [...m("9.2"), ...g("5(2)"), ...h("316(b)(1)"), "dsl:27"] },

  "restore-test": {
    "evidence-only": [...m("4.9.a", "10.11"), ...g("32(1)(d)"), ...h("308(a)(7)(ii)(D)")],
  },
  "audit-export": { "evidence-only": m("4.3.c", "3.5.c", "4.7.b") },
  "etcd-encryption": { "evidence-only": [...m("4.8.b"), "crypto:8.4", ...h("312(a)(2)(iv)")] },
  handshakes: { "evidence-only": [...m("2.2.b", "4.8.a"), ...h("312(e)(1)"), ...g("32(1)(d)")] },
  "alert-proof": { "evidence-only": [...m("5.4.f", "4.4.f"), ...h("308(a)(6)")] },
  "content-filter": {
    "evidence-only": [
      "ai:45654-filter",
      "ai:interim-4",
      "ai:interim-14",
      ...m("4.4.d"),
      ...g("22"),
    ],
  },
  "content-label": { manual: ["ai:label-4", "ai:label-5", "ai:label-9", "bank:2026-8-21"] },
  "identity-lifecycle": {
    manual: [
      ...m("4.1.a", "4.1.b", "4.2.a", "4.2.c"),
      ...h("312(a)(2)(i)", "312(a)(2)(iii)", "308(a)(3)"),
    ],
  },
  "terminal-access": {
    manual: [
      ...m("4.4.c", "4.5", "3.1.b", "3.1.d", "3.4.a", "3.4.b", "5.4.a", "5.4.e", "10.7"),
      ...h("308(a)(5)(ii)(B)"),
    ],
  },
  intrusion: {
    manual: [...m("3.3.a", "3.3.b", "3.3.c", "3.3.d", "4.4.f"), ...c("3.2", "4.3"), ...g("33")],
  },
  "trusted-boot": { manual: m("2.3", "3.6", "4.6") },
  wiping: { manual: [...m("4.10.a", "4.10.b"), ...c("4.7"), ...g("17"), ...h("310(d)(2)(i)")] },
  incidents: {
    manual: [
      ...m("10.12", "10.13"),
      "csl:27",
      "pipl:57",
      "dsl:29",
      "crypto:8.8",
      ...g("33", "34"),
      ...h("308(a)(6)"),
    ],
  },
  drill: {
    "evidence-only": [
      ...m("10.13"),
      "bank:2009-19-ch7",
      "bank:20988-2025",
      ...h("308(a)(7)(ii)(B)", "308(a)(7)(ii)(D)"),
    ],
  },
  "change-record": { manual: [...m("10.8", "10.10"), ...h("316(b)(1)"), ...g("5(2)")] },
  "impact-assessment": {
    manual: [
      ...m("10.5", "4.11.a"),
      ...["pipl:55", "pipl:56", "dsl:30"],
      ...g("35(7)(a)", "35(7)(b)", "35(7)(c)", "35(7)(d)", "36"),
      ...h("308(a)(1)(ii)(A)"),
    ],
  },
  "data-subjects": { manual: [...g("17", "22"), "pipl:19"] },
  "data-classes": {
    manual: [...m("4.2.g"), "dsl:21", "dsl:27", "csl:23(4)", "bank:2024-24", ...g("9", "30")],
  },
  suppliers: {
    manual: [...m("9.10", "9.5", "10.14"), ...c("6.1", "6.2", "7.1"), ...g("28"), ...h("314")],
  },
  physical: {
    manual: [
      ...m("1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "2.1.b"),
      "crypto:8.1",
    ],
  },
  organisation: { manual: [...m("6", "7", "8"), "crypto:8.5", "crypto:8.6"] },
  grading: { manual: m("9.1", "9.2", "9.4", "9.6", "9.7", "9.8", "9.9") },
  operations: { manual: m("10.1", "10.2", "10.3", "10.4", "10.6") },
  "crypto-assessment": {
    manual: ["crypto:8.2", "crypto:8.3", "crypto:8.4", "crypto:8.7", ...m("10.9")],
  },
  "decision-record": { manual: ["bank:2026-8-22", ...g("22")] },
  "compliance-audit": { manual: ["pipl:54", ...g("5(2)"), ...h("316(b)(1)")] },
};
