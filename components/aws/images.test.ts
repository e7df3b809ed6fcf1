import { expect, test } from "vitest";
import { Registry, registryAddress, untaggedOnly } from "./images.ts";
import { CHINA, keysHandle, make, SITE } from "./test-aws.ts";

const registry = () =>
  make(() => {
    const made = new Registry("images", {
      site: SITE,
      keys: keysHandle(),
      images: ["gateway", "vllm"],
      untaggedDays: 14,
      deletable: false,
      transform: { repository: (args) => ({ ...args, tags: { team: "platform" } }) },
    });
    expect(() => made.repository("redis")).toThrow("redis");
    return { gateway: made.repository("gateway"), address: made.address };
  });

test("a tag never changes its meaning, a push is scanned, layers are under our key", async () => {
  const made = await registry();
  const repositories = made.all("ecr/repository:Repository").map(({ inputs }) => inputs);
  expect(repositories.map(({ name }) => name)).toEqual([
    "deepseek-prod/gateway",
    "deepseek-prod/vllm",
  ]);
  for (const repository of repositories) {
    expect(repository).toMatchObject({
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [
        { encryptionType: "KMS", kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/images" },
      ],
      forceDelete: false,
      tags: { team: "platform" },
    });
  }
});

test("its address is known beforehand, and is what AWS then tells", async () => {
  const made = await registry();
  // The simulated account is another one than the site's.
  const told = made.result.gateway.replace("000000000000", SITE.account);
  expect(told).toBe(`${made.result.address}/gateway`);
  expect(registryAddress(CHINA)).toBe(
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/deepseek-prod",
  );
});

test("only layers without a tag are ended", () => {
  const { rules } = JSON.parse(untaggedOnly(14));
  expect(rules).toHaveLength(1);
  expect(rules[0].selection).toMatchObject({ tagStatus: "untagged", countNumber: 14 });
});
