// Pictures: lines and stacked bars with axes, and small ones for cards.
import { h, svg } from "./elements.js";
import { areaPath, bars, columns, linePath, niceCeiling, rowOf } from "./geometry.js";

/** @typedef {{ label: string, values: readonly (number | null)[], kind: string }} Line */

/** @param {readonly (number | null)[]} values @param {string} label @param {string} kind */
export function sparkline(values, label, kind) {
  const frame = { width: 160, height: 36, left: 1, right: 1, top: 3, bottom: 2 };
  const known = values.map((one) => one ?? 0);
  const most = niceCeiling(Math.max(0, ...known));
  return svg(
    "svg",
    {
      class: "spark",
      viewBox: "0 0 160 36",
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    svg("path", { class: `area ${kind}`, d: areaPath(frame, known, most) }),
    svg("path", { class: `line ${kind}`, d: linePath(frame, values, most) }),
  );
}

/**
 * @param {{ label: string, lines: readonly Line[], times: readonly string[], show: (value: number) => string, width: number }} chart
 */
export function lineChart({ label, lines, times, show, width }) {
  const frame = frameOf(width);
  const all = lines.flatMap(({ values }) => values).filter((one) => one !== null);
  const most = niceCeiling(Math.max(0, ...all));
  const xs = columns(frame, times.length);
  const step = (xs[1] ?? 0) - (xs[0] ?? 0);
  // What a pointer meets: one tall strip for each time, which tells its values.
  const strips = times.map((time, index) =>
    strip(frame, (xs[index] ?? 0) - step / 2, step, [
      time,
      ...lines.map(
        (line) =>
          `${line.label}: ${line.values[index] === null ? "–" : show(line.values[index] ?? 0)}`,
      ),
    ]),
  );
  const body = lines.map(({ values, kind }) =>
    svg("path", { class: `line ${kind}`, d: linePath(frame, values, most) }),
  );
  const keys = lines.map((line) => ({ label: line.label, kind: line.kind }));
  return figure(
    label,
    keys,
    picture(frame, label, [
      ...grid(frame, most, show),
      ...timeLabels(frame, xs, times),
      ...body,
      ...strips,
    ]),
  );
}

/**
 * @param {{ label: string, stacks: readonly { label: string, values: readonly number[] }[], times: readonly string[],
 *   show: (value: number) => string, width: number }} chart
 */
export function barChart({ label, stacks, times, show, width }) {
  const frame = frameOf(width);
  const sums = times.map((_, index) =>
    stacks.reduce((total, one) => total + (one.values[index] ?? 0), 0),
  );
  const most = niceCeiling(Math.max(0, ...sums));
  const placed = bars(
    frame,
    stacks.map(({ values }) => values),
    most,
  );
  const slot = (frame.width - frame.left - frame.right) / Math.max(1, times.length);
  const body = placed.flatMap(({ parts }) =>
    parts.map((part, index) => svg("rect", { class: `bar s${index}`, ...part })),
  );
  const strips = placed.map(({ middle }, index) =>
    strip(frame, middle - slot / 2, slot, [
      `${times[index]}: ${show(sums[index] ?? 0)}`,
      ...stacks
        .filter(({ values }) => (values[index] ?? 0) > 0)
        .map((one) => `${one.label}: ${show(one.values[index] ?? 0)}`),
    ]),
  );
  const keys = stacks.map((one, index) => ({ label: one.label, kind: `s${index}` }));
  return figure(
    label,
    keys,
    picture(frame, label, [
      ...grid(frame, most, show),
      ...timeLabels(
        frame,
        placed.map(({ middle }) => middle),
        times,
      ),
      ...body,
      ...strips,
    ]),
  );
}

/** @param {number} width */
function frameOf(width) {
  return { width, height: 190, left: 58, right: 10, top: 10, bottom: 24 };
}

/** @typedef {import("./geometry.js").Frame} Frame */

/** @param {Frame} frame @param {string} label @param {readonly Node[]} content */
function picture(frame, label, content) {
  return svg(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${frame.width} ${frame.height}`,
      role: "img",
      "aria-label": label,
    },
    ...content,
  );
}

/** @param {string} label @param {readonly { label: string, kind: string }[]} keys @param {Node} chart */
function figure(label, keys, chart) {
  return h(
    "figure",
    {},
    h(
      "figcaption",
      {},
      h("span", { class: "name" }, label),
      ...keys.map((key) =>
        h("span", { class: "key" }, h("i", { class: `swatch ${key.kind}` }), key.label),
      ),
    ),
    chart,
  );
}

/** @param {Frame} frame @param {number} most @param {(value: number) => string} show */
function grid(frame, most, show) {
  return [0, most / 2, most].flatMap((value) => {
    const y = rowOf(frame, value, most);
    return [
      svg("line", { class: "grid", x1: frame.left, x2: frame.width - frame.right, y1: y, y2: y }),
      svg(
        "text",
        { class: "axis", x: frame.left - 8, y: y + 4, "text-anchor": "end" },
        show(value),
      ),
    ];
  });
}

/** As many as there is room for.
 * @param {Frame} frame @param {readonly number[]} xs @param {readonly string[]} times */
function timeLabels(frame, xs, times) {
  const every = Math.max(1, Math.ceil(times.length / Math.max(2, Math.floor(frame.width / 95))));
  return times.flatMap((time, index) => {
    if (index % every !== 0) return [];
    // The first begins at its place: in the middle of it, it would leave the picture.
    const anchor = index === 0 ? "start" : "middle";
    return [
      svg(
        "text",
        { class: "axis", x: xs[index] ?? 0, y: frame.height - 6, "text-anchor": anchor },
        time,
      ),
    ];
  });
}

/** @param {Frame} frame @param {number} x @param {number} width @param {readonly string[]} lines */
function strip(frame, x, width, lines) {
  return svg(
    "rect",
    {
      class: "strip",
      x,
      y: frame.top,
      width: Math.max(1, width),
      height: frame.height - frame.top - frame.bottom,
    },
    svg("title", {}, lines.join("\n")),
  );
}
