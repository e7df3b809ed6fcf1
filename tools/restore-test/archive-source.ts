/** The archive of backups in a bucket: its names, and its files as streams. It is only read. */
import { parseXml, type XmlElement } from "@rgrove/parse-xml";
import { request } from "undici";
import { domainOf } from "../aws/credentials.ts";
import { type AwsCredentials, escaped, sha256, signedHeaders } from "../aws/signature.ts";
import { UserError } from "../base/user-error.ts";
import { bucketSource } from "../weights/weights-source.ts";

export interface ArchiveSource {
  /** For messages and records. */
  readonly where: string;
  /** All names, below the archive. */
  list(): Promise<string[]>;
  read(name: string): AsyncIterable<Buffer>;
}

export interface ArchiveOptions {
  /** s3://bucket/folder of one cluster's archive. */
  readonly uri: string;
  readonly region: string;
  readonly credentials: () => Promise<AwsCredentials>;
  /** Instead of the region's own; the bucket then is the first part of the path. */
  readonly endpoint?: string | undefined;
}

const URI = /^s3:\/\/([^/]+)\/(.+?)\/?$/;
const ANSWER_MS = 60_000;
/** A thousand names a page (S3's own limit): thirty years of a log that ends every five minutes. */
const PAGES_MAX = 4_000;

export function archiveSource(options: ArchiveOptions): ArchiveSource {
  const [, bucket, folder] = URI.exec(options.uri) ?? [];
  if (bucket === undefined || folder === undefined) {
    throw new UserError("it is no archive in a bucket", {
      where: options.uri,
      fix: "s3://BUCKET/FOLDER",
    });
  }
  const source = bucketSource(options);
  return {
    where: options.uri,
    list: async () => {
      const names: string[] = [];
      let token: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const answer = await listPage(options, { bucket, prefix: `${folder}/`, token });
        names.push(...answer.keys.map((key) => key.slice(folder.length + 1)));
        if (answer.next === undefined) return names;
        token = answer.next;
      }
      throw new UserError("it has more files than anyone will read", {
        where: options.uri,
        fix: "shorten how long backups are kept",
      });
    },
    read: (name) => source.read(name),
  };
}

interface Page {
  readonly bucket: string;
  readonly prefix: string;
  readonly token: string | undefined;
}

async function listPage({ region, endpoint, credentials, uri }: ArchiveOptions, page: Page) {
  const base = (endpoint ?? `https://s3.${region}.${domainOf(region)}`).replace(/\/$/, "");
  const url = new URL(`${base}/${escaped(page.bucket)}`);
  url.searchParams.set("list-type", "2");
  url.searchParams.set("prefix", page.prefix);
  if (page.token !== undefined) url.searchParams.set("continuation-token", page.token);
  const headers = { "x-amz-content-sha256": sha256("") };
  const scope = { service: "s3", region, now: new Date() };
  const signed = signedHeaders(
    { method: "GET", url, headers, body: "" },
    await credentials(),
    scope,
  );
  const limits = { headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS };
  const answer = await request(url, { headers: signed, ...limits }).catch((cause: Error) => {
    throw new UserError(`the store of backups does not answer: ${cause.message}`, {
      where: uri,
      fix: "check the way to it (endpoint, certificate, policies of the pod)",
    });
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) {
    const code = /<Code>([A-Za-z]+)<\/Code>/.exec(text)?.[1] ?? "no reason";
    throw new UserError(`the store of backups answered ${answer.statusCode} (${code})`, {
      where: uri,
      fix: "its reader needs s3:ListBucket and s3:GetObject below this folder",
    });
  }
  const { root } = parseXml(text);
  const children = root?.children.filter((one): one is XmlElement => one.type === "element") ?? [];
  const named = (list: readonly XmlElement[], name: string) =>
    list.filter((one) => one.name === name);
  return {
    keys: named(children, "Contents").flatMap(({ children: parts }) =>
      named(
        parts.filter((one): one is XmlElement => one.type === "element"),
        "Key",
      ).map((key) => key.text),
    ),
    next: named(children, "NextContinuationToken")[0]?.text,
  };
}
