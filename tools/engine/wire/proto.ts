/**
 * The protocol's generated modules, as they ship in @pulumi/pulumi. They are CommonJS and their
 * service definitions carry no types, so they are named here once.
 */
import { createRequire } from "node:module";
import type { ServiceDefinition } from "@grpc/grpc-js";

import aliasProto from "@pulumi/pulumi/proto/alias_pb.js";
import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import callbackProto from "@pulumi/pulumi/proto/callback_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import resourceProto from "@pulumi/pulumi/proto/resource_pb.js";

export { aliasProto, analyzerProto, callbackProto, engineProto, resourceProto };

const require = createRequire(import.meta.url);

/** google-protobuf must be the very copy that Pulumi's modules use: they check by instanceof. */
const requireBesidePulumi = createRequire(require.resolve("@pulumi/pulumi/package.json"));

interface ProtoValue {
  toJavaScript(): unknown;
}

export interface ProtoStruct {
  toJavaScript(): Record<string, unknown>;
}

interface StructModule {
  readonly Struct: { fromJavaScript(value: object): ProtoStruct };
  readonly Value: { fromJavaScript(value: unknown): ProtoValue };
}

export const structModule = requireBesidePulumi(
  "google-protobuf/google/protobuf/struct_pb.js",
) as StructModule;

export const emptyModule = requireBesidePulumi("google-protobuf/google/protobuf/empty_pb.js") as {
  readonly Empty: new () => object;
};

function service(module: string, name: string): ServiceDefinition {
  const loaded = require(`@pulumi/pulumi/proto/${module}`) as Record<string, ServiceDefinition>;
  const definition = loaded[name];
  if (definition === undefined) throw new Error(`@pulumi/pulumi has no ${name}`);
  return definition;
}

export const monitorService = service("resource_grpc_pb.js", "ResourceMonitorService");
export const engineService = service("engine_grpc_pb.js", "EngineService");
export const callbacksService = service("callback_grpc_pb.js", "CallbacksService");
export const analyzerService = service("analyzer_grpc_pb.js", "AnalyzerService");

/** Pulumi's own limit (400 MiB): a ConfigMap or a chart can be large. */
export const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
  // Never through a proxy: every address here is loopback.
  "grpc.enable_http_proxy": 0,
} as const;
