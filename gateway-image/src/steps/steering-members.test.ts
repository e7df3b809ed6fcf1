import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { refuseSteering } from "./steering-members.ts";

const named = (...names: string[]) => names.map((name) => ({ name }));

test.each([["kv_transfer_params"], ["priority"], ["prompt_embeds"], ["chat_template"]])(
  "%s, which steers the server of others too, is refused by name",
  (name) => {
    expect(() => refuseSteering(named("model", name))).toThrow(GatewayError);
    expect(() => refuseSteering(named("model", name))).toThrow(`${name}: is between`);
  },
);

test("what asks for an answer, or is known to nobody, passes", () => {
  refuseSteering(named("model", "messages", "chat_template_kwargs", "structured_outputs", "x_new"));
});
