// The page: who looks, what was last heard, and when to ask again.
import { changeForm, enrolForm, faultText, logInForms } from "./account.js";
import { h } from "./elements.js";
import { clock } from "./format.js";
import { cards, DAYS, errors, lastQuarter, models, usage } from "./panels.js";
import { askForm, ownWishes, standing, wishesToDecide } from "./quota.js";
import { Refused, Session } from "./session.js";
import { mergedErrors } from "./shape.js";
import { languageOf, TEXTS } from "./texts.js";

// A span of the data is thirty seconds; each question is an event of the audit trail.
const LIVE_MS = 10_000;
// Sums of days, limits and wishes change slowly.
const SLOW_EVERY = 6;

const session = new Session();
const page = /** @type {HTMLElement} */ (document.getElementById("page"));

const state = {
  language: /** @type {import("./texts.js").Language} */ (
    stored("console-language") === "zh" || stored("console-language") === "en"
      ? stored("console-language")
      : languageOf(navigator.languages)
  ),
  scope: "own",
  measure: /** @type {import("./panels.js").Measure} */ ("total_tokens"),
  me: /** @type {any} */ (null),
  live: /** @type {any} */ (null),
  days: /** @type {import("./shape.js").DayLine[]} */ ([]),
  errors: /** @type {import("./shape.js").ErrorLine[]} */ ([]),
  quota: /** @type {any[]} */ ([]),
  wishes: /** @type {any[]} */ ([]),
  toDecide: /** @type {any[]} */ ([]),
  health: "unknown",
  fault: "",
  turn: 0,
};

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** Answers to questions of before a change of scope or of person are thrown away. */
let generation = 0;

/** @param {string} key */
function t(key) {
  return TEXTS[state.language][key] ?? key;
}

/** @param {string} key */
function stored(key) {
  return localStorage.getItem(key);
}

function applyTheme() {
  const theme = stored("console-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function nextTheme() {
  const dark =
    stored("console-theme") === "dark" ||
    (stored("console-theme") === null && matchMedia("(prefers-color-scheme: dark)").matches);
  localStorage.setItem("console-theme", dark ? "light" : "dark");
  applyTheme();
}

function nextLanguage() {
  state.language = state.language === "zh" ? "en" : "zh";
  localStorage.setItem("console-language", state.language);
  form = null;
  start();
}

/** Who is there decides what is shown; asked anew after each step of logging in.
 * @returns {Promise<void>} */
async function start() {
  clearTimeout(timer);
  generation += 1;
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  if (!session.open) return show(logIn(null));
  try {
    state.me = await session.get("/users/me");
  } catch (error) {
    if (!isEnded(error)) return show(h("p", { class: "fault" }, faultText(error, t)));
    session.end();
    return show(logIn(t("ended")));
  }
  const account = { session, t, done: start };
  if (state.me.must_change_password) return show(changeForm(account, state.me.username));
  if (state.me.must_enrol) return show(enrolForm(account));
  state.turn = 0;
  return refresh();
}

/** @param {unknown} error */
function isEnded(error) {
  return error instanceof Refused && error.status === 401;
}

/** @param {string | null} note */
function logIn(note) {
  return logInForms({ session, t, done: start }, note);
}

function logOut() {
  session.end();
  Object.assign(state, {
    me: null,
    live: null,
    days: [],
    errors: [],
    quota: [],
    wishes: [],
    toDecide: [],
    scope: "own",
  });
  form = null;
  start();
}

/** @param {string} scope */
function choose(scope) {
  Object.assign(state, { scope, live: null, days: [], errors: [], turn: 0 });
  clearTimeout(timer);
  generation += 1;
  refresh();
}

/** @returns {Promise<void>} */
async function refresh() {
  const own = generation;
  try {
    await ask(own);
    if (own === generation) state.fault = "";
  } catch (error) {
    if (own !== generation) return;
    if (isEnded(error)) return start();
    state.fault = faultText(error, t);
  }
  if (own !== generation) return;
  render();
  timer = setTimeout(refresh, LIVE_MS);
}

/** @param {number} own */
async function ask(own) {
  // A page that nobody sees asks nothing.
  if (document.hidden && state.live !== null) return;
  const slow = state.turn % SLOW_EVERY === 0;
  const administers = state.me.permissions.includes("admin:system");
  const path = `/console/data?scope=${state.scope}${slow ? `&days=${DAYS}` : ""}`;
  const [live, health, quota, wishes, toDecide] = await Promise.all([
    session.get(path),
    session.get("/health").catch(() => ({ status: "unknown" })),
    slow ? session.get("/v1/quota") : null,
    slow ? session.get("/v1/quota/requests") : null,
    slow && administers ? session.get("/admin/v1/quota-requests") : null,
  ]);
  if (own !== generation) return;
  state.turn += 1;
  state.live = live;
  state.health = health.status;
  state.errors = mergedErrors(state.errors, live.errors, live.now);
  if (live.days !== null) state.days = live.days;
  if (quota !== null) state.quota = quota.data;
  if (wishes !== null) state.wishes = wishes.data;
  if (toDecide !== null) state.toDecide = toDecide.data;
}

/** Kept over renderings: somebody may be writing into it. @type {HTMLElement | null} */
let form = null;

function render() {
  const { live } = state;
  if (live === null) return show(h("p", { class: "fault", role: "alert" }, state.fault));
  const look = { t, language: state.language, width: page.clientWidth - 32 };
  form ??= askForm(look, async (body) => {
    await session.post("/v1/quota/requests", body);
    await again();
  });
  const kept = keepView();
  show(
    cards(look, live.series, live.span_seconds),
    lastQuarter(look, live.series, live.span_seconds),
    models(look, live.models, live.by_model),
    usage(look, state.days, live.now, state.measure, (measure) => {
      state.measure = measure;
      render();
    }),
    h(
      "section",
      { class: "card", id: "quota" },
      h("h2", {}, t("quota")),
      h(
        "div",
        { class: "pair" },
        h("div", {}, standing(look, state.quota), ownWishes(look, state.wishes)),
        form,
      ),
    ),
    wishesToDecide(look, state.toDecide, decide),
    errors(look, state.errors, state.scope),
  );
  kept();
}

/** What a reader has opened, and where the cursor stands, survives a rendering. */
function keepView() {
  const open = page.querySelector("#usage details")?.hasAttribute("open") ?? false;
  const active = document.activeElement;
  return () => {
    page.querySelector("#usage details")?.toggleAttribute("open", open);
    if (active instanceof HTMLElement && page.contains(active))
      active.focus({ preventScroll: true });
  };
}

async function again() {
  state.turn = 0;
  clearTimeout(timer);
  await refresh();
}

/** @param {string} request @param {"grant" | "refuse"} decision */
async function decide(request, decision) {
  try {
    await session.post("/admin/v1/quota-decisions", { request, decision });
    await again();
  } catch (error) {
    state.fault = faultText(error, t);
    render();
  }
}

/** @param {...(Node | null)} content */
function show(...content) {
  const main = h("main", {}, ...content.filter((one) => one !== null));
  page.replaceChildren(header(), main);
}

function header() {
  const { me, live } = state;
  const known = session.open && me !== null && live !== null;
  const scopes = known ? live.scopes : [];
  return h(
    "header",
    {},
    h(
      "div",
      { class: "brand" },
      h("strong", {}, "DeepSeek"),
      " ",
      t("title"),
      known ? h("small", {}, ` ${live.site}`) : null,
    ),
    known ? h("span", { class: `pill ${state.health}` }, t(state.health)) : null,
    known
      ? h("small", { class: "asof" }, `${t("updated")} ${clock(live.now, state.language)}`)
      : null,
    scopes.length > 1
      ? h(
          "div",
          { class: "segments", role: "group", "aria-label": t("scope") },
          ...scopes.map((/** @type {string} */ one) =>
            h(
              "button",
              {
                type: "button",
                "aria-pressed": one === state.scope ? "true" : "false",
                onclick: () => choose(one),
              },
              t(one),
            ),
          ),
        )
      : null,
    h("span", { class: "space" }),
    known && state.fault !== "" ? h("span", { class: "fault", role: "alert" }, state.fault) : null,
    h("button", { type: "button", onclick: nextLanguage }, t("language")),
    h(
      "button",
      { type: "button", onclick: nextTheme, title: t("theme"), "aria-label": t("theme") },
      "◐",
    ),
    known ? h("span", { class: "who" }, me.username) : null,
    session.open ? h("button", { type: "button", onclick: logOut }, t("logOut")) : null,
  );
}

applyTheme();
addEventListener("resize", () => {
  if (state.live !== null && session.open) render();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.live !== null && session.open) again();
});
start();
