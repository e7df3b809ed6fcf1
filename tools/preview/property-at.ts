/** A property by its path, also where a map's keys hold dots (labels of nodes, tags). Pure. */
import { isObject, type PropertyValue } from "../engine/values.ts";

export function propertyAt(
  root: PropertyValue | undefined,
  path: string,
): PropertyValue | undefined {
  if (path === "" || root === undefined) return root;
  // The engine masks a secret as a whole: what stood below it is as secret.
  if (root === "[secret]") return root;
  const quoted = /^\["((?:[^"\\]|\\.)*)"\]\.?(.*)$/s.exec(path);
  if (quoted !== null) {
    return isObject(root) ? propertyAt(root[unquoted(quoted[1])], quoted[2] ?? "") : undefined;
  }
  const item = /^\[(\d+)\]\.?(.*)$/s.exec(path);
  if (item !== null) {
    return Array.isArray(root) ? propertyAt(root[Number(item[1])], item[2] ?? "") : undefined;
  }
  if (!isObject(root)) return undefined;
  // The longest key that fits: `labels.nvidia.com/gpu.memory` is one key below `labels`.
  const key = Object.keys(root)
    .filter((one) => path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`))
    .sort((a, b) => b.length - a.length)[0];
  if (key === undefined) return undefined;
  return propertyAt(root[key], path.slice(key.length).replace(/^\./, ""));
}

function unquoted(text: string | undefined): string {
  return (text ?? "").replaceAll(/\\(.)/g, "$1");
}
