/** How an answer looks to a caller of another API than OpenAI's; null in a context: as it came. */
export interface Presenter {
  /** One event of a stream, as it will be sent; null: nothing of it is shown. */
  event(event: Buffer): Buffer | null;
  /** A whole answer. */
  whole(body: Buffer): Buffer;
}
