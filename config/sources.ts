/**
 * Where defaults come from. Each says so in its schema (`.meta({ source })`), docs/configuration.md shows
 * it, and a test refuses a default without one. It begins with its kind:
 *   guide       the product's deployment guide says so
 *   law         a law or a standard does
 *   vendor      the maker of what is set does, with the page
 *   arithmetic  a function of ours computes it, with its file
 *   ours        we chose, and this is why
 */
export const SOURCE =
  /^(guide|law|ours): \S|^vendor: .*https:\/\/\S+|^arithmetic: (?<file>\S+\.ts) `(?<name>\w+)`: \S/;

/** Sources of several defaults. */
export const A_START = "ours: a start; what Prometheus shows of the site is the better figure";
export const A_SIZE = "ours: a start; the site's own figure belongs here";
export const CLOSED = "ours: nothing is opened unless a stack says so";
export const HTTPS = "ours: HTTPS";
export const WHOLE_GPUS = "ours: models are sized in whole GPUs; slices take no tensor parallelism";
export const FEW_SPANS =
  "ours: enough to see a slow step; a failed call is in the log and in the metrics anyway";
