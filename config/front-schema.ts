/** The front of a site: nginx, which ends TLS, and the gateway behind it. */
import { z } from "zod";
import { A_SIZE } from "./sources.ts";
import { authorities, hostName, memory, nodePort, origin, resources } from "./values.ts";

export const edge = z.strictObject({
  replicas: z
    .int()
    .min(1)
    .max(32)
    .default(2)
    .meta({ source: "ours: one serves while the other is replaced" })
    .describe("Pods of the edge."),
  hosts: z
    .array(hostName)
    .min(1)
    .default(["localhost"])
    .meta({ source: "ours: where a stack answers that nobody has named" })
    .describe("Host names the service is called by; the first one makes the url."),
  ports: z
    .strictObject({
      https: nodePort
        .default(30_443)
        .meta({ source: "ours: 443, in the range of NodePorts" })
        .describe(
          "NodePort of TLS; without a balancer of AWS it answers on nodes where an edge runs, which then knows who calls.",
        ),
      http: nodePort
        .default(30_080)
        .meta({ source: "ours: 80, in the range of NodePorts" })
        .describe("NodePort that only redirects to TLS."),
    })
    .prefault({})
    .describe("NodePorts of the edge."),
  clientAuthorities: authorities
    .optional()
    .describe("Authorities whose certificates callers may show instead of a key, PEM."),
  bodyBytesMax: z
    .int()
    .min(1_024)
    .max(1_048_576)
    .default(1_048_576)
    .meta({ source: "guide: client_max_body_size 1m" })
    .describe("Largest request body; the gateway takes 1 MiB at most."),
  connectionsPerAddressMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(200)
    .meta({ source: "guide: 200, its limit of one client's calls at once" })
    .describe("Connections one client address may hold open."),
  resources: resources("100m", "128Mi"),
});

export const gateway = z.strictObject({
  replicas: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .meta({ source: "ours: one serves while the other is replaced" })
    .describe("Pods of the gateway."),
  longestStreamSeconds: z
    .int()
    .min(30)
    .max(7_200)
    .default(600)
    .meta({
      source:
        "vendor: OpenAI's clients wait ten minutes, https://github.com/openai/openai-node#timeouts",
    })
    .describe("No answer lasts longer; every drain is computed from it."),
  logLevel: z
    .enum(["silent", "error", "warn", "info", "debug"])
    .default("info")
    .meta({ source: "ours: one line a call, and what went wrong" })
    .describe("Least severe line that is written."),
  origins: z
    .array(origin)
    .default([])
    .meta({ source: "ours: no page may call unless a stack says so" })
    .describe("Pages whose browsers may call and open WebSockets, as https://app.example.org."),
  cache: z
    .strictObject({
      entriesMax: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(500)
        .meta({
          source:
            "arithmetic: config/relations.ts `cacheFits`: half of the 992 that fit a third of Redis' 256Mi",
        })
        .describe("Answers of up to 64 KiB that Redis keeps to be told again; 0: none."),
      ttlSeconds: z
        .int()
        .min(1)
        .max(604_800)
        .default(3_600)
        .meta({
          source: "ours: an answer may be an hour old; nothing but other weights changes it",
        })
        .describe("How long each may be."),
    })
    .prefault({})
    .describe("The same question, the same answer."),
  prompts: z
    .enum(["none", "hash", "sealed"])
    .default("hash")
    .meta({ source: "ours: two calls can be told to be the same, and nobody reads what was asked" })
    .describe("What the log says of a prompt: nothing, a hash, or also itself, sealed."),
  quotasWithoutRedis: z
    .enum(["refuse", "localShare"])
    .default("refuse")
    .meta({ source: "ours: nobody calls beyond a limit because the one who counts is away" })
    .describe(
      "Calls while Redis is away: refused with 503, or each pod lets in its part of every quota by itself.",
    ),
  jobsAtOnce: z
    .int()
    .min(1)
    .max(1_000)
    .default(4)
    .meta({
      source: "ours: jobs leave an engine's places, 32 by default, to those who wait for an answer",
    })
    .describe("Asynchronous jobs that one pod computes at the same time."),
  storage: memory
    .default("1Gi")
    .meta({ source: A_SIZE })
    .describe("Each pod's volume: rows that the ledger has not taken yet, and the audit trail."),
  resources: resources(
    "250m",
    "512Mi",
    "arithmetic: components/sizing/quantity.ts `nodeHeap`: three quarters are its heap, whose young part is then as large as it gets",
  ),
});
