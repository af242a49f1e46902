// Elements of HTML and SVG, made without markup: the page's policy allows no style attributes.
const SVG = 'http://www.w3.org/2000/svg';

type Attributes = Readonly<Record<string, string | number>>;

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Element | string)[]
): SVGElementTagNameMap[K] {
  return set(document.createElementNS(SVG, name), attributes, ...children);
}

export function html<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Element | string)[]
): HTMLElementTagNameMap[K] {
  return set(document.createElement(name), attributes, ...children);
}

/** Set attributes of an element, and add children to it. */
export function set<T extends Element>(element: T, attributes: Attributes, ...children: (Element | string)[]): T {
  for (const name in attributes) element.setAttribute(name, String(attributes[name]));
  element.append(...children);
  return element;
}

export function button(text: string, title: string, action: () => void): HTMLButtonElement {
  const made = html('button', { type: 'button', title }, text);
  if (text.length < 3) set(made, { 'aria-label': title });
  made.addEventListener('click', action);
  return made;
}
