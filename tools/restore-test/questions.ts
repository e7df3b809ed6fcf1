/**
 * What the restored database is asked, and what its answer means. Every page of every table is read, so
 * that a wrong checksum is found, and every index is compared with its table (amcheck). Pure.
 */
import { z } from "zod";
import type { RestoreRecord } from "./record.ts";

const LEDGER_TABLE = "gateway_ledger";

const answerSchema = z.object({
  dataUntil: z.iso.datetime({ offset: true }).nullable(),
  indexes: z.number(),
  checksums: z.boolean(),
  rows: z.record(z.string(), z.number()),
  ledger: z.object({
    newest: z.iso.datetime({ offset: true }).nullable(),
    rowsUntilFormer: z.number(),
    days: z.number(),
  }),
});
export type Answer = z.infer<typeof answerSchema>;

/** A day is how often a copy is made; one more for a copy that failed and was made again. */
const COPY_AGE_MAX_MS = 2 * 86_400_000;
const TIME = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

/** `former`: until when the ledger was counted by the last good test. */
export function questions(database: string, former: Date): string {
  return `\\connect ${database}
CREATE EXTENSION IF NOT EXISTS amcheck;
SELECT count(*) AS indexes FROM (
  SELECT bt_index_check(index => c.oid, heapallindexed => true)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE a.amname = 'btree' AND n.nspname = 'public' AND i.indisvalid
) AS checked
\\gset
SELECT json_build_object(
  'dataUntil', to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', '${TIME}'),
  'indexes', :indexes,
  'checksums', current_setting('data_checksums')::boolean,
  'rows', (SELECT coalesce(json_object_agg(table_name, (xpath('/row/n/text()',
      query_to_xml(format('SELECT count(*) AS n FROM public.%I', table_name), false, true, '')
    ))[1]::text::bigint), '{}') FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'),
  'ledger', (SELECT json_build_object(
      'newest', to_char(max(started_at) AT TIME ZONE 'UTC', '${TIME}'),
      'rowsUntilFormer', count(*) FILTER (WHERE started_at <= '${former.toISOString()}'),
      'days', count(DISTINCT date_trunc('day', started_at))
    ) FROM ${LEDGER_TABLE}));
`;
}

export function readAnswer(text: string): Answer {
  // Before it stands what \connect and CREATE EXTENSION say.
  const line = text.split("\n").find((one) => one.startsWith("{"));
  if (line === undefined) throw new Error("the database gave no answer");
  return answerSchema.parse(JSON.parse(line));
}

export interface Facts {
  readonly answer: Answer;
  readonly copyEnded: Date;
  readonly begun: Date;
  /** Of the last good test; undefined: there is none. */
  readonly former: RestoreRecord | undefined;
}

/** Rows may be added to a day that is over, when a gateway's own log is settled; none may go. */
export function checksOf({ answer, copyEnded, begun, former }: Facts): RestoreRecord["checks"] {
  const wanted = former?.figures?.["ledgerRows"] ?? 0;
  const found = answer.ledger.rowsUntilFormer;
  const aged = Math.round((begun.getTime() - copyEnded.getTime()) / 3_600_000);
  const young = begun.getTime() - copyEnded.getTime() <= COPY_AGE_MAX_MS;
  const atLeast = `${wanted} or more`;
  return [
    {
      what: "rows of the ledger that the test before this one had counted",
      expected: atLeast,
      found: found >= wanted ? atLeast : String(found),
    },
    {
      what: "the ledger's table is there",
      expected: "yes",
      found: answer.rows[LEDGER_TABLE] === undefined ? "no" : "yes",
    },
    {
      what: "age of the copy",
      expected: "48 hours at the most",
      found: young ? "48 hours at the most" : `${aged} hours`,
    },
    {
      what: "pages are read against their checksums",
      expected: "yes",
      found: answer.checksums ? "yes" : "no",
    },
    { what: "every index agrees with its table", expected: "yes", found: "yes" },
  ];
}
