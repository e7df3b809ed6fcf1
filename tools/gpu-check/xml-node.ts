/** Steps through an XML tree by names that may have changed from driver to driver. */
import { XmlElement, XmlText } from "@rgrove/parse-xml";

export function elementsOf(node: XmlElement): readonly XmlElement[] {
  return node.children.filter((child): child is XmlElement => child instanceof XmlElement);
}

export function childrenOf(node: XmlElement, name: string): readonly XmlElement[] {
  return elementsOf(node).filter((child) => child.name === name);
}

/** The element at `a/b/c`; of several paths, the first that is there. */
export function elementAt(node: XmlElement, paths: readonly string[]): XmlElement | null {
  for (const path of paths) {
    let here: XmlElement | undefined = node;
    for (const name of path.split("/")) {
      if (here !== undefined) here = childrenOf(here, name)[0];
    }
    if (here !== undefined) return here;
  }
  return null;
}

/** The text of the element at the first of `paths` that is there. */
export function textAt(node: XmlElement, paths: readonly string[]): string | null {
  return elementAt(node, paths)?.text ?? null;
}

/** Texts of all elements that hold nothing but text. */
export function leafTexts(node: XmlElement): readonly string[] {
  const elements = elementsOf(node);
  if (elements.length > 0) return elements.flatMap(leafTexts);
  return node.children.some((child) => child instanceof XmlText) ? [node.text] : [];
}
