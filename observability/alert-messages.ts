/**
 * What Alertmanager itself writes to people, in its own template language: what is wrong comes first, then where, and the way
 * to the runbook and the dashboard as links. Its own forms begin with labels in the order of the alphabet, say
 * nowhere in Slack that an alert is over, and leave the subject without its gravity where two alerts differ. Pure.
 */

/** All alerts of a message have one name: it groups by it. */
const HEAD =
  '[{{ if eq .Status "firing" }}FIRING:{{ .Alerts.Firing | len }}{{ else }}RESOLVED{{ end }}] ' +
  "{{ .CommonLabels.severity }} {{ .GroupLabels.alertname }}" +
  "{{ with .CommonLabels.site }} ({{ . }}){{ end }}";

/** All that a locked telephone shows: what is wrong, too, where all alerts of the message say the same. */
const SHOWN = `${HEAD}{{ with .CommonAnnotations.summary }}: {{ . }}{{ end }}`;

/** Where the stack was not told an address there is a path alone, which nobody could open. */
const address = (annotation: string) =>
  `{{ if match "^https?://" .CommonAnnotations.${annotation} }}{{ .CommonAnnotations.${annotation} }}{{ end }}`;

/** Between these, Slack reads whom to call and where to lead. */
const slackWords = (annotation: string) =>
  `{{ .Annotations.${annotation} | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" }}`;

const SLACK_TEXT =
  `{{ range .Alerts }}*${slackWords("summary")}*{{ if ne .Status "firing" }} (resolved){{ end }}\n` +
  `${slackWords("description")}\n` +
  "Value {{ .Annotations.value }}, since {{ .StartsAt.UTC.Format `2006-01-02 15:04:05 UTC` }}\n" +
  "{{ .Annotations.runbook_url }}\n{{ .Annotations.dashboard }}\n{{ end }}";

/** Alertmanager's own address, to which a title leads by default, is one of the cluster. */
export const SLACK_MESSAGE = {
  title: HEAD,
  title_link: address("runbook_url"),
  fallback: SHOWN,
  text: SLACK_TEXT,
};

/** What an incident is called, and how grave it is: PagerDuty wakes by that, and takes each for an error by default. */
export const PAGE_MESSAGE = {
  description: SHOWN,
  severity: "{{ .CommonLabels.severity }}",
  client_url: address("dashboard"),
  details: {
    runbook: "{{ .CommonAnnotations.runbook_url }}",
    dashboard: "{{ .CommonAnnotations.dashboard }}",
  },
};

/** Clients of mail know styles of elements alone, and none that is set apart. */
const EMAIL_ALERT = `<table width="100%" cellpadding="12" style="border-collapse:collapse;margin:0 0 16px;border-left:6px solid {{ if eq .Status "firing" }}#c4162a{{ else }}#1a7f37{{ end }};background:#f6f8fa"><tr><td>
<div style="font-size:16px;font-weight:bold">{{ .Annotations.summary }}</div>
<div style="margin:6px 0">{{ .Annotations.description }}</div>
<div>Value <b>{{ .Annotations.value }}</b>, since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}{{ if ne .Status "firing" }}, until {{ .EndsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}{{ end }}</div>
<div style="margin:6px 0">${link("Runbook", "runbook_url")} &nbsp; ${link("Dashboard", "dashboard")}</div>
<div style="color:#57606a;font-size:12px">{{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }} &nbsp; {{ end }}</div>
</td></tr></table>
`;

const EMAIL_HTML = `<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;padding:16px;font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:1.5;color:#1f2328;background:#ffffff">
<div style="max-width:640px;margin:0 auto">
<div style="font-size:18px;font-weight:bold;margin:0 0 16px">${HEAD}</div>
{{ range .Alerts }}${EMAIL_ALERT}{{ end }}</div></body></html>
`;

export const EMAIL_MESSAGE = { headers: { Subject: SHOWN }, html: EMAIL_HTML };

function link(word: string, annotation: string): string {
  const value = `.Annotations.${annotation}`;
  return `{{ if match "^https?://" ${value} }}<a href="{{ ${value} }}">${word}</a>{{ else }}${word}: {{ ${value} }}{{ end }}`;
}
