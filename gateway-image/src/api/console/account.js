// Logging in, and what must be done before anything else: a new password, an authenticator.
import { field, h, textOf } from "./elements.js";
import { Refused } from "./session.js";

/**
 * @typedef {{ session: import("./session.js").Session, t: (key: string) => string,
 *   done: () => void }} Account
 */

/** A form that says what went wrong, and cannot be sent twice at the same time.
 * @param {{ title: string, note?: string, button: string, fields: readonly Node[], t: (key: string) => string,
 *   send: (form: HTMLElement) => Promise<void> }} options */
function formOf({ title, note, button, fields, t, send }) {
  const fault = h("p", { class: "fault", role: "alert" });
  const submit = /** @type {HTMLButtonElement} */ (h("button", { class: "primary" }, button));
  const form = h(
    "form",
    {
      class: "card account",
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        submit.disabled = true;
        fault.textContent = "";
        try {
          await send(form);
        } catch (error) {
          fault.textContent = faultText(error, t);
        } finally {
          submit.disabled = false;
        }
      },
    },
    h("h2", {}, title),
    note === undefined ? null : h("p", {}, note),
    ...fields,
    fault,
    submit,
  );
  return form;
}

/** @param {unknown} error @param {(key: string) => string} t */
export function faultText(error, t) {
  return error instanceof Refused ? `${t("refused")}: ${error.message}` : t("unreachable");
}

/** @param {Account} account @param {string | null} note */
export function logInForms({ session, t, done }, note) {
  const password = formOf({
    title: t("logIn"),
    ...(note === null ? {} : { note }),
    button: t("logIn"),
    t,
    fields: [
      field(t("name"), {
        name: "username",
        autocomplete: "username",
        required: true,
        maxlength: 256,
      }),
      field(t("password"), passwordField("password", "current-password")),
      field(t("code"), {
        name: "totp",
        autocomplete: "one-time-code",
        inputmode: "numeric",
        maxlength: 16,
      }),
    ],
    send: async (form) => {
      await session.logIn(textOf(form, "username"), textOf(form, "password"), textOf(form, "totp"));
      done();
    },
  });
  const token = formOf({
    title: t("otherWay"),
    button: t("logIn"),
    t,
    fields: [field(t("token"), passwordField("token", "off"))],
    send: async (form) => {
      session.begin(textOf(form, "token").trim());
      // Whether it is any good shows at once.
      await session.get("/users/me").catch((error) => {
        session.end();
        throw error;
      });
      done();
    },
  });
  return h(
    "div",
    { class: "accounts" },
    password,
    h("details", {}, h("summary", {}, t("otherWay")), token),
  );
}

/** @param {Account} account @param {string} username */
export function changeForm({ session, t, done }, username) {
  return formOf({
    title: t("change"),
    note: t("mustChange"),
    button: t("change"),
    t,
    fields: [
      field(t("password"), passwordField("password", "current-password")),
      field(t("newPassword"), { ...passwordField("next", "new-password"), minlength: 15 }),
    ],
    send: async (form) => {
      const next = textOf(form, "next");
      await session.post("/users/me/password", {
        password: textOf(form, "password"),
        new_password: next,
      });
      // Tokens of the former password may be worth nothing now.
      await session.logIn(username, next, "");
      done();
    },
  });
}

/** @param {Account} account */
export function enrolForm(account) {
  const { session, t } = account;
  const place = h("div", { class: "accounts" });
  place.append(
    formOf({
      title: t("enrol"),
      note: t("mustEnrol"),
      button: t("enrol"),
      t,
      fields: [field(t("password"), passwordField("password", "current-password"))],
      send: async (form) => {
        const { secret } = await session.post("/users/me/totp", {
          password: textOf(form, "password"),
        });
        place.replaceChildren(confirmForm(account, secret));
      },
    }),
  );
  return place;
}

/** @param {Account} account @param {string} secret */
function confirmForm({ session, t, done }, secret) {
  return formOf({
    title: t("enrol"),
    note: t("enrolSecret"),
    button: t("confirm"),
    t,
    fields: [
      h("p", {}, h("code", { class: "secret" }, secret)),
      field(t("enrolCode"), { name: "totp", inputmode: "numeric", required: true, maxlength: 16 }),
    ],
    send: async (form) => {
      await session.post("/users/me/totp/confirm", { totp: textOf(form, "totp") });
      done();
    },
  });
}

/** @param {string} name @param {string} autocomplete */
function passwordField(name, autocomplete) {
  return { name, type: "password", autocomplete, required: true, maxlength: 4096 };
}
