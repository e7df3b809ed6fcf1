/** Where a webhook may lead, and where never. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { systemClock } from "../base/clock.ts";
import { isOutsideAddress, WebhookSender } from "./webhook-sender.ts";

const sender = (...allowed: string[]) =>
  new WebhookSender({ allowedHosts: new Set(allowed), clock: systemClock });

describe("an address", () => {
  test.each([
    ["8.8.8.8", true],
    ["2606:4700::1111", true],
    ["127.0.0.1", false],
    ["10.1.2.3", false],
    ["172.31.255.255", false],
    ["172.32.0.1", true],
    ["192.168.0.1", false],
    ["169.254.169.254", false],
    ["100.100.100.200", false],
    ["0.0.0.0", false],
    ["255.255.255.255", false],
    ["::1", false],
    ["[::1]", false],
    ["::ffff:127.0.0.1", false],
    ["::ffff:8.8.8.8", false],
    ["fe80::1", false],
    ["fd00::1", false],
    ["2002:7f00:1::", false],
    ["64:ff9b::7f00:1", false],
    ["nonsense", false],
  ])("%s is outside: %s", (address, outside) => {
    expect(isOutsideAddress(address)).toBe(outside);
  });

  test("of a private block is never outside", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.constantFrom("10", "127", "0"), byte, byte, byte, (a, b, c, d) => {
        expect(isOutsideAddress(`${a}.${b}.${c}.${d}`)).toBe(false);
        expect(isOutsideAddress(`::ffff:${a}.${b}.${c}.${d}`)).toBe(false);
      }),
    );
  });
});

describe("a URL", () => {
  test.each([
    ["https://hooks.example/x", null],
    ["http://hooks.example/x", "https"],
    ["ftp://hooks.example/x", "https"],
    ["https://user:secret@hooks.example/", "credential"],
    ["https://127.0.0.1/", "inside"],
    ["https://2130706433/", "inside"],
    ["https://0x7f.1/", "inside"],
    ["https://[::1]/", "inside"],
    ["https://[::ffff:10.0.0.1]/", "inside"],
    ["nonsense", "URL"],
  ])("%s: %s", (url, fault) => {
    if (fault === null) expect(sender().fault(url)).toBeNull();
    else expect(sender().fault(url)).toContain(fault);
  });

  test("of the site is taken where it is named", () => {
    expect(sender("hooks.internal").fault("http://hooks.internal/x")).toBeNull();
    expect(sender("127.0.0.1").fault("http://127.0.0.1:8080/x")).toBeNull();
  });
});

test("a name that leads inside is not called, whatever it was when it was registered", async () => {
  const one = sender();
  const call = { url: "https://localhost:9/", secret: "s", body: "{}" };
  expect(one.fault(call.url)).toBeNull();
  expect(await one.send(call)).toBe("later");
  await one.close();
});
