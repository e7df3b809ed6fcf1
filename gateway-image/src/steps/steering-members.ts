/**
 * Members of a body by which vLLM is steered, not asked. Whoever may call a model has no say over the
 * server that others use too; these are refused, while members that nobody knows pass through.
 */
import { GatewayError } from "../errors.ts";

const STEERING: ReadonlySet<string> = new Set([
  // Another template than the model's: a program that the server runs.
  "chat_template",
  // Where to fetch computed tokens from: an address that the server asks.
  "kv_transfer_params",
  // Code by its name.
  "logits_processors",
  // How images and films are taken apart, and so how much memory they take.
  "media_io_kwargs",
  "mm_processor_kwargs",
  // Before others: the gateway's classes say who goes first.
  "priority",
  // Tensors that the server unpacks.
  "prompt_embeds",
  // The gateway's own number of the call, by which logs are joined.
  "request_id",
  // Whatever the server's plug-ins take.
  "vllm_xargs",
]);

export function refuseSteering(members: readonly { readonly name: string }[]): void {
  for (const { name } of members) {
    if (!STEERING.has(name)) continue;
    const message = `${name}: is between the gateway and its model servers; leave it out.`;
    throw new GatewayError("invalid_request", { message, param: name });
  }
}
