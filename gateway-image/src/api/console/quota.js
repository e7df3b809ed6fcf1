// Limits and how far they are used, requests for more, and for administrators what becomes of them.
import { faultText } from "./account.js";
import { field, h, table, textOf } from "./elements.js";
import { remaining, whole } from "./format.js";
import { accountOf } from "./shape.js";

/** @typedef {import("./panels.js").Look} Look */
/** @typedef {{ scope: string, limit: string, max: number, used: number, resets_in_seconds: number }} Standing */
/** @typedef {{ id: string, principal?: string, tenant?: string, limits: Record<string, number>, reason: string, created: string,
 *   status: string, note?: string }} Wish */

const LIMITS = [
  "requestsPerMinute",
  "requestsPerDay",
  "requestsPerSecond",
  "tokensPerMinute",
  "concurrency",
  "costPerMonth",
];

/** From here on a bar is a warning: where warnings are sent to as well (four fifths). */
const WARN_SHARE = 0.8;

/** @param {Look} look @param {readonly Standing[]} standings */
export function standing({ t, language }, standings) {
  const bars = standings.map((one) => {
    const { kind, of } = accountOf(one.scope);
    const share = one.max === 0 ? 0 : one.used / one.max;
    const used = `${whole(one.used, language)} / ${whole(one.max, language)}`;
    const level = share >= 1 ? "down" : share >= WARN_SHARE ? "degraded" : "serving";
    return h(
      "li",
      {},
      h(
        "div",
        { class: "row" },
        h("span", {}, t(`limit_${one.limit}`), h("small", {}, ` ${t(`account_${kind}`)} ${of}`)),
        h("span", { class: "number" }, used),
      ),
      h("meter", {
        class: level,
        min: 0,
        max: 1,
        high: WARN_SHARE,
        value: Math.min(1, share),
        "aria-label": `${t(`limit_${one.limit}`)}: ${used}`,
      }),
      one.resets_in_seconds > 0
        ? h("small", {}, `${t("resets")} ${remaining(one.resets_in_seconds, language)}`)
        : null,
    );
  });
  return bars.length === 0 ? h("p", {}, t("quotaNone")) : h("ul", { class: "quota" }, ...bars);
}

/**
 * The form stays as it is while numbers around it change, so it is made once.
 * @param {Look} look @param {(body: object) => Promise<unknown>} send
 */
export function askForm({ t }, send) {
  const told = h("p", { role: "status" });
  const submit = /** @type {HTMLButtonElement} */ (h("button", { class: "primary" }, t("ask")));
  const form = /** @type {HTMLFormElement} */ (
    h(
      "form",
      {
        id: "ask",
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          submit.disabled = true;
          try {
            const limits = { [textOf(form, "limit")]: Number(textOf(form, "value")) };
            await send({ limits, reason: textOf(form, "reason") });
            form.reset();
            told.className = "good";
            told.textContent = t("asked");
          } catch (error) {
            told.className = "fault";
            told.textContent = faultText(error, t);
          } finally {
            submit.disabled = false;
          }
        },
      },
      h("h3", {}, t("askTitle")),
      h(
        "label",
        {},
        h("span", {}, t("askLimit")),
        h(
          "select",
          { name: "limit" },
          ...LIMITS.map((name) => h("option", { value: name }, t(`limit_${name}`))),
        ),
      ),
      field(t("askValue"), {
        name: "value",
        type: "number",
        min: 1,
        step: 1,
        required: true,
        inputmode: "numeric",
      }),
      field(t("askReason"), { name: "reason", maxlength: 512 }),
      submit,
      told,
    )
  );
  return form;
}

/** @param {Look} look @param {readonly Wish[]} wishes */
export function ownWishes({ t, language }, wishes) {
  if (wishes.length === 0) return null;
  return h(
    "div",
    {},
    h("h3", {}, t("requestsOfMine")),
    table(
      [[t("time")], [t("askLimit")], [t("state")]],
      wishes.map((one) => [
        one.created.slice(0, 10),
        wishText({ t, language }, one),
        stateOf(t, one),
      ]),
    ),
  );
}

/**
 * @param {Look} look @param {readonly Wish[]} wishes
 * @param {(id: string, decision: "grant" | "refuse") => void} decide
 */
export function wishesToDecide({ t, language }, wishes, decide) {
  const open = wishes.filter(({ status }) => status === "open");
  if (open.length === 0) return null;
  const button = (/** @type {string} */ id, /** @type {"grant" | "refuse"} */ decision) =>
    h("button", { type: "button", onclick: () => decide(id, decision) }, t(decision));
  return h(
    "section",
    { class: "card", id: "decide" },
    h("h2", {}, t("openRequests")),
    table(
      [[t("time")], [t("user")], [t("tenantName")], [t("askLimit")], [t("askReason")], [""]],
      open.map((one) => [
        one.created.slice(0, 10),
        one.principal ?? "",
        one.tenant ?? "",
        wishText({ t, language }, one),
        one.reason,
        h("span", { class: "buttons" }, button(one.id, "grant"), button(one.id, "refuse")),
      ]),
    ),
  );
}

/** @param {Pick<Look, "t" | "language">} look @param {Wish} wish */
function wishText({ t, language }, { limits }) {
  return Object.entries(limits)
    .map(([name, value]) => `${t(`limit_${name}`)}: ${whole(value, language)}`)
    .join(", ");
}

/** @param {(key: string) => string} t @param {Wish} wish */
function stateOf(t, { status, note }) {
  const kind = status === "granted" ? "serving" : status === "refused" ? "down" : "degraded";
  const word = status === "refused" ? t("refusedState") : t(status);
  return h("span", { class: `state ${kind}` }, word, note ? h("small", {}, ` ${note}`) : null);
}
