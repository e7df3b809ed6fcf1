import { describe, expect, test } from "vitest";
import { UserError } from "../base/user-error.ts";
import { assign } from "./session.ts";

describe("--config", () => {
  const start = () => ({
    "deepseek:gateway": { value: '{"replicas":2,"tier":"service"}', secret: false },
    "deepseek:token": { value: "old", secret: true },
  });

  test("sets one value inside an object and leaves the rest", () => {
    const values = start();
    assign("deepseek", values, "deepseek:gateway.replicas=3");
    expect(JSON.parse(values["deepseek:gateway"].value)).toEqual({ replicas: 3, tier: "service" });
  });

  test("a key without a namespace is the project's, and a secret stays one", () => {
    const values = start();
    assign("deepseek", values, "token=a=b");
    expect(values["deepseek:token"]).toEqual({ value: "a=b", secret: true });
  });

  test("makes the objects on the way", () => {
    const values: Record<string, { value: string; secret: boolean }> = {};
    assign("deepseek", values, "edge.ports.https=31443");
    expect(values["deepseek:edge"]).toEqual({ value: '{"ports":{"https":31443}}', secret: false });
  });

  test("without a value is refused", () => {
    expect(() => assign("deepseek", {}, "edge")).toThrow(UserError);
  });
});
