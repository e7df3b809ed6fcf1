/** The API as an OpenAPI 3.1 document, from the endpoints' rows and the schemas that judge bodies. */
import { z } from "zod";
import { entityName } from "../directory/fields.ts";
import { ENDPOINTS, type EndpointRow } from "../endpoints.ts";
import type { ErrorShape } from "../error-answer.ts";
import { API_VERSION } from "../steps/api-version.ts";
import type { EndpointDoc } from "./endpoint-doc.ts";
import { adminDocs, ENDPOINT_DOCS } from "./endpoint-docs.ts";

type Json = Record<string, unknown>;

export function openApiDocument(version: string): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "Private DeepSeek service",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "OpenAI's API and a native one before models of your own. Fields of a call that are not " +
        "named here pass through to the model server.",
    },
    servers: [{ url: "/" }],
    security: SECURITY,
    paths: paths(),
    components: { schemas: ERROR_SCHEMAS, securitySchemes: SECURITY_SCHEMES },
  };
}

const SECURITY = [{ bearer: [] }, { apiKey: [] }, { signature: [] }, { clientCertificate: [] }];

const SECURITY_SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "An API key (sk-ds-…), or a token of POST /token or of an outside issuer.",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
  signature: {
    type: "apiKey",
    in: "header",
    name: "X-DS-Signature",
    description:
      "Lower-case hex of HMAC-SHA256 over method, path with query, X-DS-Timestamp, X-DS-Nonce and " +
      "the hex SHA-256 of the body, joined by line breaks; with X-DS-AccessKey.",
  },
  clientCertificate: { type: "mutualTLS" },
  token: {
    type: "oauth2",
    flows: {
      password: { tokenUrl: "/token", scopes: {} },
      clientCredentials: { tokenUrl: "/token", scopes: {} },
    },
  },
};

const ERROR_SCHEMAS: Readonly<Record<string, Json>> = {
  Error: {
    type: "object",
    required: ["error"],
    properties: {
      error: {
        type: "object",
        required: ["message", "type", "param", "code", "native_code", "request_id"],
        properties: {
          message: { type: "string" },
          type: { type: "string" },
          param: { type: ["string", "null"] },
          code: { type: "string", description: "A row of docs/errors.md." },
          native_code: { type: "integer" },
          request_id: { type: "string" },
          retry_after: { type: "integer", description: "Seconds." },
        },
      },
    },
  },
  NativeError: {
    type: "object",
    required: ["code", "message", "data"],
    properties: {
      code: { type: "integer", minimum: 1 },
      message: { type: "string" },
      data: { type: "null" },
      request_id: { type: "string" },
    },
  },
  OAuthError: {
    type: "object",
    required: ["error"],
    properties: { error: { type: "string" }, error_description: { type: "string" } },
  },
};

const ERROR_NAMES: Readonly<Record<ErrorShape, string>> = {
  openai: "Error",
  native: "NativeError",
  oauth: "OAuthError",
};

function paths(): Json {
  const found: Record<string, Json> = {};
  const put = (method: string, path: string, operation: Json) => {
    const place = path.replace("*", "{name}");
    found[place] = { ...found[place], [method.toLowerCase()]: operation };
  };
  const rows: readonly EndpointRow[] = ENDPOINTS;
  for (const row of rows) {
    const doc = ENDPOINT_DOCS[`${row.method} ${row.path}`];
    if (doc !== undefined)
      put(row.method, row.path, operationOf(row.method, row.path, doc, row.errors));
  }
  for (const [name, doc] of Object.entries(adminDocs())) {
    const [method = "", path = ""] = name.split(" ");
    put(method, path, operationOf(method, path, doc, "openai"));
  }
  return found;
}

function operationOf(method: string, path: string, doc: EndpointDoc, errors: ErrorShape): Json {
  const error = json({ $ref: `#/components/schemas/${ERROR_NAMES[errors]}` });
  const parameters = parametersOf(path, doc);
  return {
    operationId: `${method} ${path.replace("*", "one")}`
      .replaceAll(/[^A-Za-z]+/g, "_")
      .replace(/_$/, "")
      .toLowerCase(),
    tags: [doc.tag],
    summary: doc.summary,
    ...(doc.open ? { security: [] } : {}),
    parameters,
    ...bodyOf(doc),
    responses: responsesOf(method, doc, error),
  };
}

function responsesOf(method: string, doc: EndpointDoc, error: Json): Json {
  // The version is judged before the endpoint's own form of errors is known to a reader.
  const fault = { description: "An error: docs/errors.md.", content: error };
  if (doc.upgrades)
    return { "101": { description: "The connection is a WebSocket." }, default: fault };
  const content = answerContent(doc);
  return {
    [doc.accepted ? "202" : doc.created ? "201" : "200"]: { description: "Done.", content },
    ...(method === "PUT" ? { "201": { description: "Made.", content } } : {}),
    default: fault,
  };
}

function parametersOf(path: string, doc: EndpointDoc): Json[] {
  const parameters: Json[] = [
    {
      name: "X-API-Version",
      in: "header",
      required: false,
      schema: { type: "string", enum: ["1", "v1", API_VERSION] },
    },
  ];
  if (path.includes("*")) {
    parameters.push({
      name: "name",
      in: "path",
      required: true,
      schema: path.startsWith("/admin/") ? schemaOf(entityName) : { type: "string", minLength: 1 },
    });
  }
  for (const [name, schema] of Object.entries(doc.query ?? {})) {
    parameters.push({ name, in: "query", required: false, schema: schemaOf(schema) });
  }
  return parameters;
}

function bodyOf({ body, form, relations = [] }: EndpointDoc): Json {
  if (form !== undefined) {
    const content = { "application/x-www-form-urlencoded": { schema: schemaOf(form) } };
    return { requestBody: { required: true, content } };
  }
  if (body === undefined) return {};
  const schema = schemaOf(body);
  const whole =
    relations.length === 0 ? schema : { ...schema, allOf: [...partsOf(schema), ...relations] };
  return { requestBody: { required: true, content: json(whole) } };
}

/** A schema that is made of several holds them in the same place. */
function partsOf({ allOf }: Json): unknown[] {
  return Array.isArray(allOf) ? allOf : [];
}

function answerContent(doc: EndpointDoc): Json {
  if (doc.lines) return { "application/x-ndjson": { schema: { type: "string" } } };
  return {
    ...json(schemaOf(doc.answer)),
    ...(doc.streams ? { "text/event-stream": {} } : {}),
    ...(doc.csv ? { "text/csv": { schema: { type: "string" } } } : {}),
  };
}

function json(schema: unknown): Json {
  return { "application/json": { schema } };
}

function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
