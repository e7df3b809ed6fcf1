/** What Alertmanager sends to a webhook, version 4, as much of it as is told. */
import { z } from "zod";

const texts = z.record(z.string(), z.string());

export const notificationSchema = z.object({
  version: z.literal("4"),
  groupKey: z.string(),
  /** Left out by Alertmanager itself, which has a limit only where one is set. */
  truncatedAlerts: z.int().min(0).default(0),
  alerts: z
    .array(
      z.object({
        status: z.enum(["firing", "resolved"]),
        labels: texts,
        annotations: texts.default({}),
        startsAt: z.iso.datetime({ offset: true }),
        endsAt: z.string().default(""),
        fingerprint: z.string().default(""),
      }),
    )
    .min(1),
});

export type Notification = z.output<typeof notificationSchema>;
export type Alert = Notification["alerts"][number];
