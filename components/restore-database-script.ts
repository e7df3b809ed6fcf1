/**
 * Beside the restore test, in the image of the cluster that is restored: runs PostgreSQL over what lies
 * in the scratch folder while `order` is there, asks it what `order` says, and writes how it ended
 * (tools/restore-test/database-place.ts). psql ends with 2 where it cannot connect: the log is still
 * being read then.
 */
export const RESTORE_DATABASE = `set -u
cd "$1" || exit 1
server=
stop() {
  if [ -n "$server" ]; then kill -INT "$server" 2>/dev/null; wait "$server"; fi
  exit 0
}
trap stop TERM INT
ask() { psql -XAtq -v ON_ERROR_STOP=1 -h "$PWD" -U postgres -d postgres -f order >answer.part 2>said; }
while :; do
  if [ -e order ] && [ ! -e ended ]; then
    postgres -D "$PWD/data" -c config_file="$PWD/postgresql.conf" >log 2>&1 &
    server=$!
    code=1
    while [ -e order ] && kill -0 "$server" 2>/dev/null; do
      ask
      code=$?
      [ "$code" -eq 2 ] || break
      code=1
      sleep 1
    done
    kill -INT "$server" 2>/dev/null
    wait "$server"
    server=
    [ "$code" -ne 0 ] || mv answer.part answer
    rm -f answer.part
    echo "$code" >ended.part
    mv ended.part ended
  fi
  sleep 1 &
  wait $!
done
`;
