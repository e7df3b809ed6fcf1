// Elements of the page. Texts become text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | null | undefined | false | readonly (Node | string | null | undefined | false)[]} Content */

/** @param {string} tag @param {Record<string, unknown>} attributes @param {...Content} content
 * @returns {HTMLElement} */
export function h(tag, attributes = {}, ...content) {
  return fill(document.createElement(tag), attributes, content);
}

/** @param {string} tag @param {Record<string, unknown>} attributes @param {...Content} content */
export function svg(tag, attributes = {}, ...content) {
  return fill(document.createElementNS(SVG, tag), attributes, content);
}

/** @template {Element} E @param {E} element @param {Record<string, unknown>} attributes
 * @param {readonly Content[]} content @returns {E} */
function fill(element, attributes, content) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const one of content.flat()) {
    if (one !== null && one !== undefined && one !== false) element.append(one);
  }
  return element;
}

/** @param {string} label @param {Record<string, unknown>} attributes */
export function field(label, attributes) {
  return h("label", {}, h("span", {}, label), h("input", attributes));
}

/** @param {HTMLElement} form @param {string} name */
export function textOf(form, name) {
  const input = /** @type {HTMLInputElement | HTMLSelectElement | null} */ (
    form.querySelector(`[name="${name}"]`)
  );
  return input?.value ?? "";
}

/** A table whose cells carry their column's name, so that a phone can show a row as a card.
 * @param {readonly (readonly [string, string?])[]} heads name and class
 * @param {readonly (readonly Content[])[]} rows */
export function table(heads, rows) {
  return h(
    "table",
    {},
    h(
      "thead",
      {},
      h("tr", {}, ...heads.map(([name, kind]) => h("th", { scope: "col", class: kind }, name))),
    ),
    h(
      "tbody",
      {},
      ...rows.map((row) =>
        h(
          "tr",
          {},
          ...row.map((cell, index) =>
            h("td", { class: heads[index]?.[1], "data-label": heads[index]?.[0] }, cell),
          ),
        ),
      ),
    ),
  );
}
