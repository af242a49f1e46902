// The picture as it is open now, as a separate file: with its colours, without the page.
import { Card, Frame, type Marks } from './cards';
import { paths, ports } from './edges';
import { svg } from './elements';
import type { Inside } from './layout';
import type { Place, Places } from './places';

/** A picture with more pixels is drawn smaller: browsers make none larger. */
const MOST_PIXELS = 80_000_000;
const LONGEST_SIDE = 16_000;

export function drawAll(places: Places, marks: (id: string, place: Place) => Marks): string {
  const { root } = places;
  const image = svg('svg', {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${root.w} ${root.h}`,
    width: root.w,
    height: root.h,
  });
  image.append(svg('style', {}, styles()), svg('rect', { class: 'page', width: root.w, height: root.h }));
  const [frames, lines, cards] = [svg('g'), svg('g'), svg('g')];
  image.append(frames, lines, cards);
  const draw = (inside: Inside, x: number, y: number): void => {
    const drawn = paths(inside, x, y, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, undefined);
    for (const [kind, d] of Object.entries(drawn)) if (d) lines.append(svg('path', { class: `edge ${kind}`, d }));
    for (const box of inside.boxes) {
      const place = places.get(box.id);
      if (!place) continue;
      const position = { depth: place.depth, at: place.at, of: inside.boxes.length };
      const drawn = box.inside ? new Frame(box, box.inside, position) : new Card(box, inside.level, 'all', position);
      drawn.move(x + box.x, y + box.y);
      drawn.mark({ ...marks(box.id, place), current: false, linked: false, hits: 0 });
      (box.inside ? frames : cards).append(drawn.element);
      if (!box.inside) continue;
      lines.append(svg('path', { class: 'port', d: ports(box.inside, x + box.x, y + box.y) }));
      draw(box.inside, x + box.x, y + box.y);
    }
  };
  draw(root, 0, 0);
  // Whatever the page needs to work with them, a picture does not.
  for (const element of image.querySelectorAll('g, text')) {
    for (const name of element.getAttributeNames())
      if (name === 'tabindex' || name === 'role' || name.startsWith('aria-') || name.startsWith('data-'))
        element.removeAttribute(name);
  }
  return new XMLSerializer().serializeToString(image);
}

/** The rules of the page, with the values that its variables have now. */
function styles(): string {
  const rules: string[] = [];
  for (const sheet of document.styleSheets) for (const rule of sheet.cssRules) rules.push(rule.cssText);
  const text = rules.filter((rule) => !rule.startsWith(':root') && !rule.includes('button')).join('\n');
  const own = document.createElement('span');
  document.body.append(own);
  const computed = getComputedStyle(document.documentElement);
  const values = new Map<string, string>();
  for (const [, name = ''] of text.matchAll(/var\((--[\w-]+)/g)) {
    const value = computed.getPropertyValue(name).trim();
    if (!value) continue;
    own.style.color = '';
    own.style.color = `var(${name})`;
    // A colour as it is shown; anything else (a font, a size) as it is written.
    values.set(name, CSS.supports('color', value) ? getComputedStyle(own).color : value);
  }
  own.remove();
  const variables = [...values].map(([name, value]) => `${name}:${value}`).join(';');
  return `:root{${variables}}\n.page{fill:var(--fl-back)}\n${text}`;
}

/** The same as a PNG, in base64. */
export async function toPng(text: string, w: number, h: number): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(2, LONGEST_SIDE / Math.max(w, h), Math.sqrt(MOST_PIXELS / (w * h)));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(w * scale);
  canvas.height = Math.round(h * scale);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').split(',')[1] ?? '';
}
