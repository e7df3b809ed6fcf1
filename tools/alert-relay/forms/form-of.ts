/** The form of a channel by its kind. */
import type { Channel } from "../channel.ts";
import { dingtalkForm } from "./dingtalk.ts";
import { feishuForm } from "./feishu.ts";
import type { Form } from "./form.ts";
import { smsForm } from "./sms.ts";
import { teamsForm } from "./teams.ts";
import { ticketForm } from "./ticket.ts";
import { wecomForm } from "./wecom.ts";

export function formOf(channel: Channel): Form {
  switch (channel.kind) {
    case "wecom":
      return wecomForm(channel);
    case "dingtalk":
      return dingtalkForm(channel);
    case "feishu":
      return feishuForm(channel);
    case "teams":
      return teamsForm(channel);
    case "sms":
      return smsForm(channel);
    case "ticket":
      return ticketForm(channel);
  }
}
