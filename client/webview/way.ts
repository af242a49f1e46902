// The titles of the frames that have moved out at the top, in one line: one always sees where one is.
import { button, html } from './elements';
import type { Inside } from './layout';

interface Window {
  readonly x: number;
  readonly y: number;
  readonly k: number;
  readonly width: number;
}

export class Way {
  readonly element = html('nav', { class: 'way', 'aria-label': 'Open groups around what is in sight' });
  #shown = '';

  constructor(private readonly go: (id: string) => void) {}

  show(root: Inside, window: Window): void {
    const titles = framesAround(root, window);
    const shown = titles.map(({ id }) => id).join('\n');
    if (shown === this.#shown) return;
    this.#shown = shown;
    const last = titles.at(-1);
    this.element.replaceChildren(
      ...titles.flatMap(({ id, name, what }, at) => [
        ...(at ? [html('span', { 'aria-hidden': 'true' }, '›')] : []),
        button(name, `${what}: go to the top of this group`, () => this.go(id)),
      ]),
      ...(last?.what ? [html('span', {}, last.what)] : []),
    );
  }
}

/** The titles, from the outermost on, of the frames that begin above the window and reach into it. */
function framesAround(root: Inside, { x, y, k, width }: Window): Inside['titles'][number][] {
  const titles: Inside['titles'][number][] = [];
  const line = y + 14 / k;
  let frame = { inside: root, left: 0, top: 0 };
  for (let deeper = true; deeper; ) {
    deeper = false;
    for (const box of frame.inside.boxes) {
      const [left, top] = [frame.left + box.x, frame.top + box.y];
      const outside = top > line || top + box.h < line + 20 / k || left > x + width / k || left + box.w < x;
      if (!box.inside || outside) continue;
      if (top < y - 4 / k) titles.push(...box.inside.titles);
      frame = { inside: box.inside, left, top };
      deeper = true;
      break;
    }
  }
  return titles;
}
