/**
 * The functions (invokes) of the simulated cloud. What a real account would answer (who am I,
 * which image) is invented from the question, so equal questions get equal answers.
 */
import { UserError } from "../../../base/user-error.ts";
import {
  containsUnknown,
  isObject,
  type PropertyMap,
  type PropertyValue,
  revealMap,
  secret,
  UNKNOWN,
} from "../../values.ts";
import { shapeFaults } from "./check.ts";
import { canonical, makingOf, placeOf } from "./making.ts";
import { policyDocument } from "./policy-document.ts";
import { AWS_SCHEMA } from "./schema.ts";
import { type Making, SIMULATED_TIME } from "./table.ts";

type Answer = (making: Making) => PropertyMap;

export const FUNCTIONS: Readonly<Record<string, Answer>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": (m) => ({
    accountId: m.account,
    arn: m.globalArn("iam", "user/simulated"),
    id: m.account,
    userId: `AIDA${m.base36(17)}`,
  }),
  "aws:index/getRegion:getRegion": (m) => ({
    description: `${m.region} (simulated)`,
    endpoint: `ec2.${m.region}.${m.dnsSuffix}`,
    id: m.region,
    name: m.region,
    region: m.region,
  }),
  "aws:index/getPartition:getPartition": (m) => ({
    dnsSuffix: m.dnsSuffix,
    id: m.partition,
    partition: m.partition,
    reverseDnsPrefix: m.dnsSuffix.split(".").reverse().join("."),
  }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": availabilityZones,
  "aws:ec2/getAmi:getAmi": image,
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": offerings,
  "aws:ec2/getManagedPrefixList:getManagedPrefixList": (m) => ({
    addressFamily: "IPv4",
    arn: m.globalArn("ec2", `prefix-list/pl-${m.hex(8)}`, "aws"),
    entries: [],
    filters: m.inputs.filters ?? [],
    id: `pl-${m.hex(8)}`,
    maxEntries: 0,
    name: m.text("name"),
    ownerId: "AWS",
    region: m.region,
    tags: {},
    version: 1,
  }),
  "aws:ssm/getParameter:getParameter": parameter,
  "aws:iam/getPolicyDocument:getPolicyDocument": (m) => policyDocument(m.inputs),
  "aws:eks/getAddonVersion:getAddonVersion": (m) => ({
    ...m.inputs,
    id: m.text("addonName"),
    mostRecent: m.inputs.mostRecent ?? false,
    region: m.region,
    version: "v0.0.0-simulated.1",
  }),
  "aws:eks/getClusterAuth:getClusterAuth": (m) => ({
    id: m.text("name"),
    name: m.text("name"),
    region: m.region,
    token: secret(`k8s-aws-v1.simulated-${m.hex(16)}`),
  }),
  "aws:route53/getZone:getZone": zone,
};

export function invokeFunction(
  token: string,
  args: PropertyMap,
  region: string | undefined,
): PropertyMap {
  const answer = FUNCTIONS[token];
  const shape = AWS_SCHEMA.functions[token];
  if (answer === undefined || shape === undefined) {
    throw new UserError(`The simulated cloud does not know the function ${token}.`, {
      fix: `It knows ${Object.keys(FUNCTIONS)
        .map((known) => known.split(":")[2])
        .join(", ")}. Pass the value as configuration, or use --engine pulumi.`,
    });
  }
  const inputs = revealMap(args);
  const [fault] = shapeFaults(shape, inputs, "");
  if (fault !== undefined) {
    throw new UserError(`${token}: ${fault.property}: ${fault.reason}`, {
      fix: "Correct the call.",
    });
  }
  const own = inputs.region;
  const place = typeof own === "string" && own !== UNKNOWN ? own : region;
  if (containsUnknown(inputs) || place === undefined) {
    return Object.fromEntries(shape.results.map((key) => [key, UNKNOWN]));
  }
  const seed = canonical([token, place, inputs]);
  return answer(makingOf({ seed, name: "", id: "", inputs }, placeOf(place)));
}

const STATES = ["available"];

function availabilityZones(m: Making): PropertyMap {
  const excluded = m.list("excludeNames");
  const excludedIds = m.list("excludeZoneIds");
  const short = m.region.replace(/-([a-z])[a-z]*-(\d)$/, "$1$2");
  const zones = ["a", "b", "c"]
    .map((letter, index) => ({ name: m.region + letter, id: `${short}-az${index + 1}` }))
    .filter((one) => !excluded.includes(one.name) && !excludedIds.includes(one.id));
  const wanted = m.text("state");
  const found = wanted === "" || STATES.includes(wanted) ? zones : [];
  return {
    allAvailabilityZones: m.inputs.allAvailabilityZones ?? false,
    excludeNames: [...excluded],
    excludeZoneIds: [...excludedIds],
    filters: m.inputs.filters ?? [],
    groupNames: [m.region],
    id: m.region,
    names: found.map((one) => one.name),
    region: m.region,
    state: wanted,
    zoneIds: found.map((one) => one.id),
  };
}

function image(m: Making): PropertyMap {
  const id = `ami-${m.hex(17)}`;
  const [owner = "amazon"] = m.list("owners");
  return {
    ...m.inputs,
    allowUnsafeFilter: m.inputs.allowUnsafeFilter ?? false,
    architecture: "x86_64",
    arn: m.globalArn("ec2", `image/${id}`, ""),
    blockDeviceMappings: [],
    bootMode: "uefi-preferred",
    creationDate: SIMULATED_TIME,
    deprecationTime: SIMULATED_TIME,
    description: "simulated image",
    enaSupport: true,
    executableUsers: m.inputs.executableUsers ?? [],
    filters: m.inputs.filters ?? [],
    hypervisor: "xen",
    id,
    imageId: id,
    imageLocation: `${owner}/simulated`,
    imageOwnerAlias: owner,
    imageType: "machine",
    imdsSupport: "v2.0",
    includeDeprecated: m.inputs.includeDeprecated ?? false,
    kernelId: "",
    lastLaunchedTime: SIMULATED_TIME,
    mostRecent: m.inputs.mostRecent ?? false,
    name: `simulated-${m.hex(8, "name")}`,
    nameRegex: m.text("nameRegex"),
    ownerId: m.account,
    owners: [...m.list("owners")],
    platform: "",
    platformDetails: "Linux/UNIX",
    productCodes: [],
    public: true,
    ramdiskId: "",
    region: m.region,
    rootDeviceName: "/dev/xvda",
    rootDeviceType: "ebs",
    rootSnapshotId: `snap-${m.hex(17, "snapshot")}`,
    sriovNetSupport: "simple",
    state: "available",
    stateReason: { code: "UNSET", message: "UNSET" },
    tags: {},
    tpmSupport: "",
    uefiData: m.text("uefiData"),
    usageOperation: "RunInstances",
    virtualizationType: "hvm",
  };
}

/** Every instance type asked for by name is offered in every zone: the simulation has room. */
function offerings(m: Making): PropertyMap {
  const filters = Array.isArray(m.inputs.filters) ? m.inputs.filters : [];
  const asked = filters.flatMap((one) =>
    isObject(one) && one.name === "instance-type" && Array.isArray(one.values) ? one.values : [],
  );
  const kind = m.text("locationType") === "" ? "region" : m.text("locationType");
  const places = kind === "region" ? [m.region] : ["a", "b", "c"].map((zone) => m.region + zone);
  const pairs = places.flatMap((place) => asked.map((type) => ({ place, type: String(type) })));
  return {
    filters,
    id: m.region,
    instanceTypes: pairs.map((one) => one.type),
    locationType: kind,
    locationTypes: pairs.map(() => kind),
    locations: pairs.map((one) => one.place),
    region: m.region,
  };
}

/** Public parameters under /aws/service name images and releases; others are the account's own. */
function parameter(m: Making): PropertyMap {
  const name = m.text("name");
  const value = name.endsWith("image_id")
    ? `ami-${m.hex(17)}`
    : name.endsWith("release_version")
      ? "0.0.0-20000101"
      : `simulated-${m.hex(12)}`;
  return {
    arn: m.arn("ssm", `parameter${name.startsWith("/") ? name : `/${name}`}`),
    id: name,
    insecureValue: value,
    name,
    region: m.region,
    type: "String",
    value: secret(value),
    version: 1,
    withDecryption: m.inputs.withDecryption ?? true,
  };
}

function zone(m: Making): PropertyMap {
  const id = m.text("zoneId") === "" ? `Z${m.base36(20)}` : m.text("zoneId");
  const servers: PropertyValue[] = ["com", "net", "org", "co.uk"].map(
    (top) => `ns-${m.digits(3, top)}.awsdns-${m.digits(2, top)}.${top}.invalid`,
  );
  return {
    arn: m.globalArn("route53", `hostedzone/${id}`, ""),
    callerReference: "simulated",
    comment: "",
    enableAcceleratedRecovery: false,
    id,
    linkedServiceDescription: "",
    linkedServicePrincipal: "",
    name: m.text("name") === "" ? "simulated.invalid" : m.text("name").replace(/\.$/, ""),
    nameServers: servers,
    primaryNameServer: servers[0] ?? "",
    privateZone: m.inputs.privateZone ?? false,
    resourceRecordSetCount: 2,
    tags: {},
    vpcId: m.text("vpcId"),
    zoneId: id,
  };
}
