/**
 * Outside providers with an API of OpenAI's form: where they are and how their keys' files are
 * named. Addresses from the providers' own API references, read 2026-11.
 */
export const PROVIDERS = {
  cerebras: { origin: "https://api.cerebras.ai", basePath: "/v1" },
  deepseek: { origin: "https://api.deepseek.com", basePath: "/v1" },
  openai: { origin: "https://api.openai.com", basePath: "/v1" },
  dashscope: { origin: "https://dashscope.aliyuncs.com", basePath: "/compatible-mode/v1" },
  kimi: { origin: "https://api.moonshot.cn", basePath: "/v1" },
} as const;

export type ProviderName = keyof typeof PROVIDERS;
export const PROVIDER_NAMES = Object.keys(PROVIDERS) as [ProviderName, ...ProviderName[]];
