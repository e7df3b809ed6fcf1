#!/bin/sh
# Makes the database cluster once, mends its roles at every start, then becomes PostgreSQL.
# Arguments go to postgres. May be killed at any moment: the next start goes on.
#   PGDATA                  folder of the cluster; below the volume, never the mount point itself
#   POSTGRES_PASSWORD_FILE  first password of the user postgres (without: no password login for it)
#   POSTGRES_SQL_FILE       statements run at every start, before anyone can connect
#   POSTGRES_START_SECONDS  how long recovery may take before that
set -eu
umask 077
new=$PGDATA.new

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -d "$PGDATA" ] && ! rmdir "$PGDATA"; then
    echo "$PGDATA holds files, but no database: they are left as they are" >&2
    exit 1
  fi
  # What an initdb left that was killed. The cluster gets its name only when it is whole.
  rm -rf "$new"
  initdb --pgdata="$new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
    --auth-local=peer --auth-host=scram-sha-256 --no-instructions \
    ${POSTGRES_PASSWORD_FILE:+--pwfile="$POSTGRES_PASSWORD_FILE"}
  sync
  mv "$new" "$PGDATA"
  sync
fi

# In a fresh container the recorded process id is another program's, or nobody's.
rm -f "$PGDATA/postmaster.pid"

if [ -n "${POSTGRES_SQL_FILE:-}" ]; then
  private=/tmp/postgres-entrypoint
  rm -rf "$private"
  mkdir "$private"
  echo "local all postgres peer" > "$private/pg_hba.conf"
  pg_ctl start --pgdata="$PGDATA" --silent --wait --timeout="${POSTGRES_START_SECONDS:-300}" \
    -o "-c listen_addresses='' -c unix_socket_directories=$private -c ssl=off" \
    -o "-c hba_file=$private/pg_hba.conf -c dynamic_shared_memory_type=mmap"
  done=0
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --host "$private" --username postgres \
    --dbname postgres --file "$POSTGRES_SQL_FILE" > /dev/null || done=$?
  pg_ctl stop --pgdata="$PGDATA" --silent --wait --mode=fast
  rm -rf "$private"
  if [ "$done" -ne 0 ]; then
    echo "$POSTGRES_SQL_FILE failed: PostgreSQL is not started" >&2
    exit 1
  fi
fi

exec postgres -D "$PGDATA" "$@"
