/** Texts with a form of their own: CIDR blocks, ARNs, JSON, ports, KMS alias names. */
import { isIPv4, isIPv6 } from "node:net";
import type { Format } from "./table.ts";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
const ARN = /^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws|cloudfront)?:.+$/;
/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html */
const KMS_ALIAS = /^alias\/[a-zA-Z0-9/_-]+$/;

/** What is wrong and what would be right, to be read after the value; undefined: nothing is. */
export function formatFault(format: Format, text: string): string | undefined {
  switch (format) {
    case "cidr4":
      return cidr4Fault(text);
    case "vpcCidr":
      return cidr4Fault(text) ?? vpcCidrFault(text);
    case "cidr6":
      return cidr6Fault(text);
    case "arn":
      return ARN.test(text) ? undefined : "is not an ARN. Give arn:aws:<service>:….";
    case "kmsAlias":
      return KMS_ALIAS.test(text) ? undefined : "is not an alias name. Give alias/<name>.";
    case "port":
      return /^\d+$/.test(text) && Number(text) <= 65535
        ? undefined
        : "is not a port. Give 0 to 65535.";
    case "json":
      return jsonFault(text);
  }
}

function cidr4Fault(text: string): string | undefined {
  const [address = "", prefix = ""] = text.split("/");
  const bits = Number(prefix);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(prefix) || bits > 32) {
    return "is not an IPv4 CIDR block. Give one such as 10.0.0.0/16.";
  }
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - bits);
  const start = number - (number % size);
  if (start === number) return undefined;
  const right = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join(".");
  return `has host bits set. Give ${right}/${bits}.`;
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html; subnets likewise. */
function vpcCidrFault(text: string): string | undefined {
  const bits = Number(text.split("/")[1]);
  return bits >= 16 && bits <= 28 ? undefined : "is of a size AWS refuses. Give /16 to /28.";
}

function cidr6Fault(text: string): string | undefined {
  const [address = "", prefix = ""] = text.split("/");
  return isIPv6(address) && /^\d{1,3}$/.test(prefix) && Number(prefix) <= 128
    ? undefined
    : "is not an IPv6 CIDR block. Give one such as 2001:db8::/56.";
}

function jsonFault(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? undefined : "is not a JSON object.";
  } catch {
    // V8 would quote the text, which may be long or secret.
    return "is not valid JSON. Write it with JSON.stringify.";
  }
}
