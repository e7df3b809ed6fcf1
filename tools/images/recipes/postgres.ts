/**
 * PostgreSQL 15 with initdb, its tools for probes and backups, and an entry point that makes the
 * cluster. Without just-in-time compilation: LLVM would be two thirds of the image.
 */
import { readFileSync } from "node:fs";
import type { Recipe } from "../recipe.ts";
import { PROGRAM_UID } from "./program-user.ts";

const HOME = "usr/lib/postgresql/15";
const PROGRAMS = [
  "initdb",
  "pg_controldata",
  "pg_ctl",
  "pg_dump",
  "pg_isready",
  "pg_restore",
  "postgres",
  "psql",
];

export const postgres: Recipe = {
  name: "postgres",
  title: "DeepSeek private service: PostgreSQL",
  // The name matters: local connections of the entry point prove themselves by it.
  user: { name: "postgres", uid: PROGRAM_UID },
  entrypoint: ["/usr/local/bin/postgres-entrypoint"],
  ports: [5432],
  environment: {
    PATH: `/usr/local/bin:/usr/bin:/${HOME}/bin`,
    PGDATA: "/var/lib/postgresql/data/cluster",
    LANG: "C.UTF-8",
  },
  writable: ["/var/lib/postgresql/data", "/run/postgresql", "/tmp"],
  shell: "initdb and pg_ctl start postgres through /bin/sh; the entry point is a shell script",
  // INT is PostgreSQL's fast shutdown; TERM would wait for the last client to leave.
  stopSignal: "SIGINT",
  debian: {
    packages: ["postgresql-15", "postgresql-client-15", "dash", "coreutils", "libc-bin", "tzdata"],
    include: [
      ...PROGRAMS.map((program) => `${HOME}/bin/${program}`),
      `${HOME}/lib/`,
      "usr/share/postgresql/15/",
      "usr/share/zoneinfo/",
      "usr/lib/locale/C.utf8/",
      "usr/bin/locale",
      "usr/bin/dash",
      "usr/bin/sh",
      ...["mkdir", "mv", "rm", "rmdir", "sync"].map((tool) => `usr/bin/${tool}`),
    ],
    exclude: [
      // Sources for just-in-time compilation, its library, and other programs' header files.
      `^${HOME}/lib/(bitcode/|llvmjit|pgxs/)`,
      "^usr/share/postgresql/15/(man|i18n)/",
      "^usr/share/zoneinfo/(right/|posix/|localtime$)",
    ],
    without: ["libllvm14", "libz3-4", "locales", "openssl", "postgresql-common", "ssl-cert"],
  },
  files: [
    {
      path: "usr/local/bin/postgres-entrypoint",
      mode: 0o755,
      content: readFileSync(new URL("postgres-entrypoint.sh", import.meta.url), "utf8"),
    },
  ],
};
