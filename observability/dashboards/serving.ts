/** Model servers: how full they are and how fast they answer. Pure data. */
import { type Board, lines, number, quantile, row, SERVED } from "./panel.ts";

const OWN = 'model_name=~"$model"';
const by = (metric: string) => `sum by (model_name) (${metric}{${OWN}})`;
const rate = (metric: string) => `sum by (model_name) (rate(${metric}{${OWN}}[5m]))`;
const p95 = (histogram: string) => quantile(0.95, histogram, "model_name", OWN);
const NAME = "{{model_name}}";

export const serving: Board = {
  name: "serving",
  title: { en: "Model serving", zh: "模型服务" },
  models: SERVED,
  rows: [
    row("Load", "负载", [
      number(
        "Requests that are computed",
        "计算中的请求",
        "none",
        `sum(vllm:num_requests_running{${OWN}})`,
      ),
      number(
        "Requests that wait",
        "等待中的请求",
        "none",
        `sum(vllm:num_requests_waiting{${OWN}})`,
        { whenWell: "still" },
      ),
      number(
        "Fullest key-value cache",
        "最满的 KV 缓存",
        "percentunit",
        `max(vllm:kv_cache_usage_perc{${OWN}})`,
        {
          bound: 0.95,
        },
      ),
      number(
        "Tokens made per second",
        "每秒生成 token 数",
        "suffix:token/s",
        `sum(rate(vllm:generation_tokens_total{${OWN}}[5m]))`,
      ),
      lines("Requests that are computed", "计算中的请求", "none", [
        [by("vllm:num_requests_running"), NAME],
      ]),
      lines(
        "Requests that wait",
        "等待中的请求",
        "none",
        [[by("vllm:num_requests_waiting"), NAME]],
        { whenWell: "still" },
      ),
      lines(
        "Key-value cache in use",
        "KV 缓存占用",
        "percentunit",
        [[`max by (model_name) (vllm:kv_cache_usage_perc{${OWN}})`, NAME]],
        { bound: 0.95 },
      ),
      lines(
        "Requests that had to give way",
        "被抢占的请求",
        "ops",
        [[rate("vllm:num_preemptions_total"), NAME]],
        { tone: "bad", whenWell: "still" },
      ),
    ]),
    row("Speed", "速度", [
      lines(
        "First token, p95",
        "首个 token,p95",
        "s",
        [[p95("vllm:time_to_first_token_seconds"), NAME]],
        {
          bound: 0.5,
        },
      ),
      lines(
        "Between two tokens, p95",
        "token 间隔,p95",
        "s",
        [[p95("vllm:inter_token_latency_seconds"), NAME]],
        {
          note: {
            en: "Engines before 0.11 call it time_per_output_token_seconds; the panel is then empty.",
            zh: "0.11 之前的引擎名为 time_per_output_token_seconds,此面板为空。",
          },
        },
      ),
      lines(
        "Time in the queue, p95",
        "排队时间,p95",
        "s",
        [[p95("vllm:request_queue_time_seconds"), NAME]],
        { whenWell: "still" },
      ),
      lines("Whole request, p95", "整个请求,p95", "s", [
        [p95("vllm:e2e_request_latency_seconds"), NAME],
      ]),
      lines("Tokens per second", "每秒 token 数", "suffix:token/s", [
        [rate("vllm:generation_tokens_total"), { en: `${NAME} made`, zh: `${NAME} 生成` }],
        [rate("vllm:prompt_tokens_total"), { en: `${NAME} read`, zh: `${NAME} 读入` }],
      ]),
      lines("Tokens per second of one request", "单个请求每秒 token 数", "suffix:token/s", [
        [`model_name:tokens_per_request:rate5m{${OWN}}`, NAME],
      ]),
    ]),
    row("What is asked", "请求情况", [
      lines("Requests that ended", "结束的请求", "reqps", [
        [
          `sum by (model_name, finished_reason) (rate(vllm:request_success_total{${OWN}}[5m]))`,
          `${NAME} {{finished_reason}}`,
        ],
      ]),
      lines("Length of prompts, median", "提示长度中位数", "suffix:token", [
        [quantile(0.5, "vllm:request_prompt_tokens", "model_name", OWN), NAME],
      ]),
      lines("Length of answers, median", "回答长度中位数", "suffix:token", [
        [quantile(0.5, "vllm:request_generation_tokens", "model_name", OWN), NAME],
      ]),
      lines("Share of the prompt that the prefix cache had", "前缀缓存命中率", "percentunit", [
        [
          `${rate("vllm:prefix_cache_hits_total")} / (${rate("vllm:prefix_cache_queries_total")} > 0)`,
          NAME,
        ],
      ]),
    ]),
  ],
};
