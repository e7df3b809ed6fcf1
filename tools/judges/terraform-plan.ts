/**
 * The cloud side of a planned graph as the JSON of a Terraform plan, for judges that read nothing
 * else. `@pulumi/aws` is made from that provider, so names follow by rule: the tables below hold what
 * the rule does not give. Pure; secrets are left out.
 */
import type { AwsSchema, ObjectShape } from "../engine/providers/aws/schema.ts";
import type { ResourceState } from "../engine/resource.ts";
import { isObject, isSecret, type PropertyMap, type PropertyValue } from "../engine/values.ts";

export interface TerraformPlan {
  readonly format_version: string;
  readonly terraform_version: string;
  readonly planned_values: { readonly root_module: { readonly resources: readonly Planned[] } };
  readonly resource_changes: readonly PlannedChange[];
  readonly configuration: {
    readonly provider_config: object;
    readonly root_module: { readonly resources: readonly Configured[] };
  };
}

interface Address {
  readonly address: string;
  readonly mode: "managed";
  readonly type: string;
  readonly name: string;
}

interface Planned extends Address {
  readonly provider_name: string;
  readonly schema_version: 0;
  readonly values: PropertyMap;
}

interface PlannedChange extends Address {
  readonly provider_name: string;
  readonly change: {
    readonly actions: readonly ["create"];
    readonly before: null;
    readonly after: PropertyMap;
    readonly after_unknown: object;
  };
}

/** Says what refers to what: judges that look at two resources together read it here. */
interface Configured extends Address {
  readonly provider_config_key: "aws";
  readonly schema_version: 0;
  readonly expressions: Readonly<Record<string, { readonly references: readonly string[] }>>;
}

const PROVIDER = "registry.terraform.io/hashicorp/aws";
const HIDDEN = "hidden";

/** Types whose Terraform name is not `aws_<service>_<type>`. Read from the provider's documentation. */
const TYPES: Readonly<Record<string, string>> = {
  "aws:ec2/capacityBlockReservation:CapacityBlockReservation": "aws_ec2_capacity_block_reservation",
  "aws:ec2/capacityReservation:CapacityReservation": "aws_ec2_capacity_reservation",
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
  "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
  "aws:rds/instance:Instance": "aws_db_instance",
  "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
  "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig":
    "aws_s3_bucket_replication_configuration",
};
/** Services whose types stand without the service. */
const BARE_SERVICES = new Set(["ec2"]);

/** Lists of blocks that Terraform, too, calls by their plural. */
const PLURAL_BLOCKS = new Set([
  ...["block_device_mappings", "network_interfaces", "tag_specifications"],
  ...["ingress", "egress", "string_equals", "string_not_equals"],
]);

export function terraformPlan(
  resources: readonly ResourceState[],
  schema: AwsSchema,
): TerraformPlan {
  const own = resources.filter(({ custom, type }) => custom && type.startsWith("aws:"));
  const addresses = addressesOf(own);
  const planned = own.map((resource) => {
    const shape = schema.resources[resource.type];
    // The simulated cloud refuses a type that it does not know, so none comes as far.
    if (shape === undefined) throw new Error(`no schema for ${resource.type}`);
    const values = blockOf(resource.inputs ?? {}, shape, schema);
    return { resource, values, address: known(addresses, resource.urn) };
  });
  const provider_name = PROVIDER;
  return {
    format_version: "1.2",
    terraform_version: "1.9.0",
    planned_values: {
      root_module: {
        resources: planned.map(({ address, values }) => ({
          ...address,
          provider_name,
          schema_version: 0,
          values,
        })),
      },
    },
    resource_changes: planned.map(({ address, values }) => ({
      ...address,
      provider_name,
      change: { actions: ["create"], before: null, after: values, after_unknown: {} },
    })),
    configuration: {
      provider_config: {},
      root_module: {
        resources: planned.map(({ address, resource }) => ({
          ...address,
          provider_config_key: "aws",
          schema_version: 0,
          expressions: expressionsOf(resource, schema, addresses),
        })),
      },
    },
  };
}

/** `aws:ec2/vpc:Vpc` → `aws_vpc`, `aws:eks/nodeGroup:NodeGroup` → `aws_eks_node_group`. */
export function terraformType(type: string): string {
  const found = /^aws:([a-z0-9]+)\/([A-Za-z0-9]+):/.exec(type);
  const [, service = "", name = ""] = found ?? [];
  if (found === null) throw new Error(`not a type of @pulumi/aws: ${type}`);
  return TYPES[type] ?? `aws_${BARE_SERVICES.has(service) ? "" : `${service}_`}${snake(name)}`;
}

/** `subnetIds` → `subnet_ids`; lists of blocks lose their plural: `rules` → `rule`. */
export function terraformName(property: string, shape: string): string {
  const name = snake(property);
  const blocks = /^[a-z0-9]+\..*\[\]$/.test(shape);
  return blocks && !PLURAL_BLOCKS.has(name) ? singular(name) : name;
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function singular(name: string): string {
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  return name.endsWith("sses") || name.endsWith("ases") ? name.slice(0, -2) : name.slice(0, -1);
}

/** The same name under two parents gets a number, in the order of the graph. */
function addressesOf(resources: readonly ResourceState[]): ReadonlyMap<string, Address> {
  const addresses = new Map<string, Address>();
  const taken = new Set<string>();
  for (const { urn, type } of resources) {
    const own = (urn.split("::").at(-1) ?? "").replaceAll(/[^A-Za-z0-9_-]/g, "-");
    const terraform = terraformType(type);
    let name = own;
    for (let count = 2; taken.has(`${terraform}.${name}`); count += 1) name = `${own}-${count}`;
    taken.add(`${terraform}.${name}`);
    const address = `${terraform}.${name}`;
    addresses.set(urn, { address, mode: "managed", type: terraform, name });
  }
  return addresses;
}

function known(addresses: ReadonlyMap<string, Address>, urn: string): Address {
  const address = addresses.get(urn);
  if (address === undefined) throw new Error(`no address for ${urn}`);
  return address;
}

function blockOf(values: PropertyMap, shape: ObjectShape, schema: AwsSchema): PropertyMap {
  const entries = Object.entries(values)
    // Pulumi's own bookkeeping among the inputs.
    .filter(([property]) => !property.startsWith("__"))
    .map(([property, value]) => {
      const form = shape.inputs[property] ?? "any";
      return [terraformName(property, form), written(value, form, schema)] as const;
    });
  return Object.fromEntries(entries);
}

/** An object with a shape of its own is a block, and Terraform keeps every block in a list. */
function written(value: PropertyValue, form: string, schema: AwsSchema): PropertyValue {
  if (isSecret(value)) return HIDDEN;
  const shape = schema.objects[form.replace(/\[\]$/, "")];
  if (Array.isArray(value)) {
    const inner = form.replace(/\[\]$/, "");
    return value.map((item) =>
      shape !== undefined && isObject(item)
        ? blockOf(item, shape, schema)
        : written(item, inner, schema),
    );
  }
  if (!isObject(value)) return value;
  if (shape !== undefined) return [blockOf(value, shape, schema)];
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, written(inner, "any", schema)]),
  );
}

function expressionsOf(
  { type, propertyDependencies = {} }: ResourceState,
  schema: AwsSchema,
  addresses: ReadonlyMap<string, Address>,
): Record<string, { references: string[] }> {
  const inputs = schema.resources[type]?.inputs ?? {};
  const entries = Object.entries(propertyDependencies).flatMap(([property, urns]) => {
    const found = urns.flatMap((urn) => addresses.get(urn)?.address ?? []);
    if (found.length === 0) return [];
    const references = found.flatMap((address) => [`${address}.id`, address]);
    return [[terraformName(property, inputs[property] ?? "any"), { references }] as const];
  });
  return Object.fromEntries(entries);
}
