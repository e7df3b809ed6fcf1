// Where lines and bars lie. Pure: numbers in, numbers and path data out.

/** The next number with one digit that is not zero: an axis ends where people can read it, and its half.
 * @param {number} value */
export function niceCeiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 3, 4, 5, 6, 8, 10].find((one) => value <= one * power * (1 + 1e-9)) ?? 10;
  // Without the last bits of a power below one.
  return Number((step * power).toPrecision(6));
}

/** @typedef {{ width: number, height: number, left: number, top: number, bottom: number, right: number }} Frame */

/** @param {Frame} frame @param {number} count */
export function columns(frame, count) {
  const inner = frame.width - frame.left - frame.right;
  const step = count > 1 ? inner / (count - 1) : 0;
  return Array.from({ length: count }, (_, index) => frame.left + index * step);
}

/** @param {Frame} frame @param {number} value @param {number} most */
export function rowOf(frame, value, most) {
  const inner = frame.height - frame.top - frame.bottom;
  return frame.top + inner * (1 - Math.min(value, most) / most);
}

/** Around a point that has no line to either side, and would be no wider than one. */
const DOT = "m-1.5,0l1.5,-1.5l1.5,1.5l-1.5,1.5z";

/** A line with gaps where nothing was measured; a point alone is a dot.
 * @param {Frame} frame @param {readonly (number | null)[]} values @param {number} most */
export function linePath(frame, values, most) {
  const xs = columns(frame, values.length);
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const at = `${round(xs[index] ?? 0)},${round(rowOf(frame, value, most))}`;
    const alone = !drawing && (values[index + 1] ?? null) === null;
    path += drawing ? `L${at}` : `M${at}${alone ? DOT : ""}`;
    drawing = true;
  });
  return path;
}

/** Down to the ground, for the surface below a line without gaps.
 * @param {Frame} frame @param {readonly number[]} values @param {number} most */
export function areaPath(frame, values, most) {
  if (values.length < 2) return "";
  const xs = columns(frame, values.length);
  const ground = round(frame.height - frame.bottom);
  const top = linePath(frame, values, most);
  return `${top}L${round(xs.at(-1) ?? 0)},${ground}L${round(xs[0] ?? 0)},${ground}Z`;
}

/** Bars of a stack, from the ground up.
 * @param {Frame} frame @param {readonly (readonly number[])[]} stacks one row of values each
 * @param {number} most */
export function bars(frame, stacks, most) {
  const count = stacks[0]?.length ?? 0;
  const inner = frame.width - frame.left - frame.right;
  const slot = count === 0 ? 0 : inner / count;
  const width = Math.max(1, slot * 0.72);
  return Array.from({ length: count }, (_, index) => {
    let below = 0;
    const x = frame.left + index * slot + (slot - width) / 2;
    const parts = stacks.map((values) => {
      const value = values[index] ?? 0;
      const top = rowOf(frame, below + value, most);
      const height = rowOf(frame, below, most) - top;
      below += value;
      return { x: round(x), y: round(top), width: round(width), height: round(height) };
    });
    return { middle: round(x + width / 2), parts };
  });
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
