/** The stores in SQLite keep the contracts, and what they keep is there after a new start. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { ASYNC_JOBS } from "../jobs/job-store.ts";
import { auditAnchorStoreContract } from "./audit-anchor-store.contract.ts";
import { directoryStoreContract } from "./directory-store.contract.ts";
import { jobStoreContract } from "./job-store.contract.ts";
import { ledgerStoreContract, testRow } from "./ledger-store.contract.ts";
import { SqliteAuditAnchorStore } from "./sqlite-audit-anchor-store.ts";
import { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteDirectoryStore } from "./sqlite-directory-store.ts";
import { SqliteJobStore } from "./sqlite-job-store.ts";
import { SqliteLedgerStore } from "./sqlite-ledger-store.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sqlite-test-"));
const shared = new SqliteDatabase(path.join(folder, "shared.db"));
afterAll(() => {
  shared.close();
  rmSync(folder, { recursive: true });
});

ledgerStoreContract("SQLite", { create: async () => new SqliteLedgerStore(shared) });
auditAnchorStoreContract("SQLite", { create: async () => new SqliteAuditAnchorStore(shared) });
jobStoreContract("SQLite", { create: async () => new SqliteJobStore(shared, ASYNC_JOBS) });
directoryStoreContract("SQLite", { create: async () => new SqliteDirectoryStore(shared) });

test("rows are there after a new start, without a close before it", async () => {
  const file = path.join(folder, "again.db");
  const first = new SqliteLedgerStore(new SqliteDatabase(file));
  await first.prepare();
  await first.write([testRow({ principal: "bob" })]);
  const database = new SqliteDatabase(file);
  const second = new SqliteLedgerStore(database);
  await second.prepare();
  const query = { principal: "bob", from: new Date(0), to: new Date(Date.now() + 1) };
  expect(await second.usage(query)).toMatchObject([{ requests: 1 }]);
  database.close();
});

test("a transaction that fails leaves nothing behind", () => {
  const database = new SqliteDatabase(":memory:");
  database.migrate("test", ["CREATE TABLE one (id INTEGER PRIMARY KEY)"]);
  const work = () =>
    database.transaction(() => {
      database.run("INSERT INTO one VALUES (1)");
      database.run("INSERT INTO one VALUES (1)");
    });
  expect(work).toThrow();
  expect(database.all("SELECT * FROM one")).toEqual([]);
});
