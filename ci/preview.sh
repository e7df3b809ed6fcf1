#!/usr/bin/env bash
# ci/preview.sh STACK REF FOLDER: previews STACK of this checkout against REF, for any CI system.
# FOLDER gets report.json, comment.md and page.html. It needs no account, no secret and no cluster, and the
# programs that it compares get no network where the machine can take it from them.
# Exit code: 0 previewed, 2 refused (the comment says why), anything else: no report was made.
# PREVIEW_CACHE: a folder that only previews use, kept from run to run; without it, one that is removed at the end.
set -euo pipefail
stack=$1 ref=$2 folder=$3
mkdir -p "$folder"

# Compiled modules and installed packages are run as they are found: what a fork's code can write is nothing
# that any other job of this machine may read.
cache=${PREVIEW_CACHE:-$(mktemp -d)}
[ -n "${PREVIEW_CACHE:-}" ] || trap 'rm -rf "$cache"' EXIT
export XDG_CACHE_HOME=$cache

# Packages come first, while there is a network: this checkout's, and the base's where it has others. No script
# of any package runs.
npm run -s preview -- "$stack" --against "$ref" --prepare

isolated=()
if [ "${PREVIEW_NETWORK:-off}" = off ]; then
  # A network of its own with nothing in it but loopback.
  if unshare --user --map-root-user --net true 2> /dev/null; then
    isolated=(unshare --user --map-root-user --net)
  elif [ "${PREVIEW_NETWORK_REQUIRED:-no}" = yes ]; then
    echo "the network cannot be taken away here (user namespaces are off)" >&2
    exit 3
  else
    echo "  the network cannot be taken away here (user namespaces are off)" >&2
  fi
fi

code=0
"${isolated[@]}" npm run -s preview -- "$stack" --against "$ref" --format json > "$folder/report.json" || code=$?
# A refusal is a report as well; where there is none, the message above says what is missing.
[ -s "$folder/report.json" ] || exit "${code/#0/1}"
npm run -s preview -- "$stack" --report "$folder/report.json" --format markdown > "$folder/comment.md" || true
npm run -s preview -- "$stack" --report "$folder/report.json" --format html > "$folder/page.html" || true
exit "$code"
