/**
 * Redis, which counts quotas, as ElastiCache runs it: a second node in another zone takes over by
 * itself, TLS only, one user with the commands that the gateway needs.
 */
import { ParameterGroup } from "@pulumi/aws/elasticache/parameterGroup.js";
import {
  ReplicationGroup,
  type ReplicationGroupArgs,
} from "@pulumi/aws/elasticache/replicationGroup.js";
import { SubnetGroup } from "@pulumi/aws/elasticache/subnetGroup.js";
import { User } from "@pulumi/aws/elasticache/user.js";
import { UserGroup } from "@pulumi/aws/elasticache/userGroup.js";
import * as pulumi from "@pulumi/pulumi";
import { Component, type Transform } from "../component.ts";
import type { RedisHandle } from "../redis.ts";
import { GATEWAY_COMMANDS, GATEWAY_USER } from "../redis-configuration.ts";
import { REDIS_PORT } from "../redis-replication.ts";
import { randomPassword, rotatedPassword } from "../secret-data.ts";
import type { KeysHandle } from "./keys.ts";
import { subnetIds } from "./network.ts";
import { nameTag } from "./place.ts";
import { type StorePlace, storeGroup } from "./store-network.ts";

export interface CacheArgs extends StorePlace {
  readonly keys: KeysHandle;
  /** As in "7.1"; the last of Redis' own licence that ElastiCache has. */
  readonly engineVersion: string;
  readonly nodeType: string;
  /** One of them is written to; with two or more another one takes over. */
  readonly nodes: number;
  /** Days of snapshots; 0 keeps none. A quota that is lost is one that starts anew. */
  readonly snapshotDays: number;
  /** How often the gateway's password was rotated. */
  readonly generation?: number | undefined;
  readonly transform?: { readonly replicationGroup?: Transform<ReplicationGroupArgs> };
}

const ENGINE = "redis";

export class Cache extends Component implements RedisHandle {
  readonly host: pulumi.Output<string>;
  readonly port = REDIS_PORT;
  readonly user = GATEWAY_USER;
  readonly password: pulumi.Output<string>;

  constructor(name: string, args: CacheArgs, options?: pulumi.ComponentResourceOptions) {
    super("aws:Cache", name, options);
    const parent = { parent: this };
    const passwords = rotatedPassword(`${name}-gateway`, args.generation, parent);
    this.password = pulumi.secret(passwords.current);
    const users = userGroup(name, args, passwords, parent);
    const group = storeGroup(name, args, { name: "quota", port: REDIS_PORT }, parent);
    const subnets = new SubnetGroup(
      name,
      {
        name: `${args.site.prefix}-quota`,
        description: "Private subnets of the site",
        subnetIds: subnetIds(args.network),
      },
      parent,
    );
    const plain = replicationGroupArgs(args, {
      userGroupIds: [users.userGroupId],
      securityGroupIds: [group.id],
      subnetGroupName: subnets.name,
      parameterGroupName: parameterGroup(name, args, parent).name,
    });
    const replicas = new ReplicationGroup(
      name,
      args.transform?.replicationGroup?.(plain) ?? plain,
      parent,
    );
    this.host = replicas.primaryEndpointAddress;
    this.registerOutputs({ host: this.host });
  }
}

function replicationGroupArgs(
  args: CacheArgs,
  inside: Pick<
    ReplicationGroupArgs,
    "userGroupIds" | "securityGroupIds" | "subnetGroupName" | "parameterGroupName"
  >,
): ReplicationGroupArgs {
  const isReplicated = args.nodes > 1;
  return {
    ...inside,
    replicationGroupId: `${args.site.prefix}-quota`,
    description: "Quotas, shared state and cached answers of the gateway",
    engine: ENGINE,
    engineVersion: args.engineVersion,
    autoMinorVersionUpgrade: false,
    nodeType: args.nodeType,
    numCacheClusters: args.nodes,
    automaticFailoverEnabled: isReplicated,
    multiAzEnabled: isReplicated,
    port: REDIS_PORT,
    transitEncryptionEnabled: true,
    transitEncryptionMode: "required",
    atRestEncryptionEnabled: true,
    kmsKeyId: args.keys.arn("cache"),
    snapshotRetentionLimit: args.snapshotDays,
    tags: nameTag(`${args.site.prefix}-quota`),
  };
}

function parameterGroup(name: string, args: CacheArgs, parent: pulumi.CustomResourceOptions) {
  return new ParameterGroup(
    name,
    {
      name: `${args.site.prefix}-quota`,
      family: `${ENGINE}${args.engineVersion.split(".")[0]}`,
      description: "Refuses rather than forgets",
      // A quota that is dropped to make room would be a quota that is not kept.
      parameters: [{ name: "maxmemory-policy", value: "noeviction" }],
    },
    parent,
  );
}

/** ElastiCache wants a user called default in each group; ours is off and has a password of its own. */
function userGroup(
  name: string,
  args: CacheArgs,
  { current, former }: ReturnType<typeof rotatedPassword>,
  parent: pulumi.CustomResourceOptions,
): UserGroup {
  const user = (userName: string, accessString: string, own: pulumi.Output<string>[]) =>
    new User(
      `${name}-${userName}`,
      {
        userId: `${args.site.prefix}-${userName}`,
        userName,
        engine: ENGINE,
        accessString,
        authenticationMode: { type: "password", passwords: own },
      },
      parent,
    );
  const nobody = pulumi.secret(randomPassword(`${name}-nobody`, parent));
  const users = [
    user("default", DEFAULT_ACCESS, [nobody]),
    // ElastiCache takes two passwords of a user at most.
    user(
      GATEWAY_USER,
      GATEWAY_ACCESS,
      [current, ...(former === undefined ? [] : [former])].map((one) => pulumi.secret(one)),
    ),
  ];
  return new UserGroup(
    name,
    {
      userGroupId: `${args.site.prefix}-quota`,
      engine: ENGINE,
      userIds: users.map(({ userId }) => userId),
    },
    parent,
  );
}

/** In the order and with the words in which ElastiCache tells them back, so that nothing drifts. */
const DEFAULT_ACCESS = "off ~* resetchannels -@all";
export const GATEWAY_ACCESS = `on ~gw:* resetchannels -@all ${GATEWAY_COMMANDS}`;
