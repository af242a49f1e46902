// How a box is drawn: a card for what is closed, a frame around what is open.
import { set, svg } from './elements';
import { type Box, CARD, HEAD, type Inside } from './layout';
import { badgeText, type Level, nameText, nameWidth, noteText, smallWidth, TITLE_GAP, whatText } from './level';

/** How much of a card can be read: all, its name, or nothing but its colour. */
export type Detail = 'all' | 'name' | 'colour';

/** What is true of a box beside what its level says. */
export interface Marks {
  /** Whether the call asks for it by this very name. */
  readonly asked: boolean;
  /** Whether a query selects it that is only the beginning of its name. */
  readonly selected: boolean;
  /** What a rule says of the query that selects it. */
  readonly warning: string | null;
  readonly current: boolean;
  /** Whether the current node reads it, or is read by it. */
  readonly linked: boolean;
  /** How many hits of the search it is or holds. */
  readonly hits: number;
  readonly editable: boolean;
}

export interface Position {
  readonly depth: number;
  readonly at: number;
  readonly of: number;
}

const TICK = 14;
/** What VS Code's context menu is told. */
const CONTEXT = JSON.stringify({ webviewSection: 'node' });

export class Card {
  readonly element: SVGGElement;
  #tick: SVGGElement | undefined;
  #shown = '';
  #place = '';
  readonly #badge: SVGGElement;

  constructor(
    readonly box: Box,
    level: Level,
    detail: Detail,
    position: Position,
  ) {
    const { w, number } = box;
    const kind = level.kinds[number] ?? 'e';
    const group = kind === 'g';
    const mode = level.modes[number];
    const only = mode === 'e' ? ' only-eval' : mode === 't' ? ' only-train' : '';
    this.element = svg('g', {
      class: `card k-${kind}${level.runs[number] ? ' run' : ''}${only}`,
      'aria-label': spoken(level, number, box.id),
      ...treeItem(box, position),
    });
    if (group) set(this.element, { 'aria-expanded': 'false' });
    if (level.runs[number])
      for (const offset of [6, 3])
        this.element.append(svg('rect', { class: 'box', x: offset, y: offset, width: w, height: CARD, rx: 6 }));
    this.element.append(
      svg('rect', { class: 'box', width: w, height: CARD, rx: 6 }),
      svg('path', { class: 'bar', d: `M6 0H5A5 5 0 0 0 0 6V${CARD - 6}A5 5 0 0 0 5 ${CARD}H6Z` }),
    );
    this.#badge = svg('g', { class: 'hits' });
    if (detail === 'colour') return;
    const name = nameText(level.names[number] ?? '');
    const left = group ? 29 : 15;
    this.#text('name', left, 18, name);
    if (group) this.element.append(svg('path', { class: 'twisty', d: 'M16 9l5 5-5 5' }));
    const badge = badgeText(level, number);
    if (badge) {
      const width = smallWidth(badge) + 12;
      this.element.append(svg('rect', { class: 'badge', x: w - width - 8, y: 5, width, height: 17, rx: 8 }));
      this.#text('badge-text', w - width / 2 - 8, 17.5, badge);
    }
    if (detail === 'name') return;
    const note = noteText(level, number);
    if (note) this.#text('note', left + nameWidth(name) + 12, 18, note);
    this.#text('what', 15, 34, whatText(level, number));
    const shape = level.shapes[number];
    if (shape) this.#text('shape', w - 10, 34, shape);
    if (!badge && kind !== 'o') {
      this.#tick = tickBox(w - TICK - 8, 7);
      this.element.append(this.#tick);
    }
    this.element.append(this.#badge);
  }

  #text(kind: string, x: number, y: number, content: string): void {
    this.element.append(svg('text', { class: kind, x, y }, content), ' ');
  }

  move(x: number, y: number): void {
    const place = `translate(${x} ${y})`;
    if (place !== this.#place) set(this.element, { transform: place });
    this.#place = place;
  }

  mark(marks: Marks): void {
    const text = JSON.stringify(marks);
    if (text === this.#shown) return;
    this.#shown = text;
    show(this.element, marks);
    this.#badge.replaceChildren();
    const { w } = this.box;
    if (marks.hits > 0 && this.element.classList.contains('k-g')) {
      const count = String(marks.hits);
      const width = smallWidth(count) + 12;
      this.#badge.append(
        svg('rect', { class: 'count', x: w - width + 6, y: CARD - 8, width, height: 16, rx: 8 }),
        svg('text', { class: 'count-text', x: w - width / 2 + 6, y: CARD + 4 }, count),
      );
    }
    if (marks.warning) {
      const sign = svg('g', { class: 'warning', transform: `translate(${w - 4} -5)` });
      sign.append(svg('circle', { r: 7 }), svg('text', { y: 4 }, '!'), svg('title', {}, marks.warning));
      this.#badge.append(sign);
    }
  }
}

/** What screen readers, menus and our own listeners are told of a box. */
function treeItem({ id }: Box, { depth, at, of }: Position): Record<string, string | number> {
  return {
    role: 'treeitem',
    tabindex: -1,
    'data-id': id,
    'data-vscode-context': CONTEXT,
    'aria-level': depth,
    'aria-posinset': at,
    'aria-setsize': of,
  };
}

function tickBox(x: number, y: number): SVGGElement {
  return svg(
    'g',
    { class: 'tick', transform: `translate(${x} ${y})` },
    svg('rect', { class: 'tick-box', width: TICK, height: TICK, rx: 3 }),
    svg('path', { class: 'tick-mark', d: 'M3 7.5l3 3 5.5-6.5' }),
    svg('rect', { class: 'tick-area', x: -6, y: -6, width: TICK + 12, height: TICK + 12 }),
  );
}

/** What is seen, in the order in which it is seen, and the whole name before it. */
function spoken(level: Level, number: number, id: string): string {
  const badge = badgeText(level, number);
  const name = id.includes('\0') ? (level.names[number] ?? '') : id;
  const parts = [name, badge, noteText(level, number), whatText(level, number), level.shapes[number]];
  return parts.filter(Boolean).join(', ');
}

export class Frame {
  readonly element: SVGGElement;
  readonly #box: SVGRectElement;
  readonly #head: SVGPathElement;
  readonly #hit: SVGRectElement;
  readonly #tick: SVGGElement;
  readonly #titles: SVGGElement;
  readonly #width: number;
  #x = 0;
  #place = '';
  #held = '';
  #shown = '';

  constructor(
    readonly box: Box,
    readonly inside: Inside,
    position: Position,
  ) {
    const [first] = inside.titles;
    this.#box = svg('rect', { class: 'frame-box', rx: 8 });
    this.#head = svg('path', { class: 'frame-head' });
    this.#hit = svg('rect', { class: 'frame-hit', height: HEAD });
    this.#titles = svg('g', {}, svg('path', { class: 'twisty', d: 'M13 11.5l5 5 5-5' }));
    this.element = svg(
      'g',
      {
        class: `frame d${position.depth & 1}`,
        'aria-label': [...inside.titles.map(({ name }) => name), inside.titles.at(-1)?.what].filter(Boolean).join(', '),
        'aria-expanded': 'true',
        ...treeItem(box, position),
      },
      this.#box,
      this.#head,
      this.#hit,
      this.#titles,
    );
    let x = 29;
    inside.titles.forEach(({ id, name, what }, at) => {
      const text = nameText(name);
      if (at) {
        this.#titles.append(svg('path', { class: 'chevron', d: `M${x + 8} ${HEAD / 2 - 4}l4 4-4 4` }));
        x += TITLE_GAP;
      }
      this.#titles.append(svg('text', { class: 'name segment', x, y: 18, 'data-segment': id }, text), ' ');
      x += nameWidth(text);
      if (at !== inside.titles.length - 1 || !what) return;
      this.#titles.append(svg('text', { class: 'what', x: x + 12, y: 18 }, what));
      x += 12 + smallWidth(what);
    });
    this.#width = x;
    this.#tick = tickBox(0, 0);
    if (first && !first.id.includes('\0')) this.element.append(this.#tick);
  }

  move(x: number, y: number): void {
    const { w, h } = this.inside;
    const place = `${x} ${y} ${w} ${h}`;
    if (place === this.#place) return;
    this.#place = place;
    set(this.element, { transform: `translate(${x} ${y})` });
    set(this.#box, { width: w, height: h });
    set(this.#hit, { width: w });
    set(this.#head, { d: `M.5 ${HEAD}V8A7.5 7.5 0 0 1 8 .5H${w - 8}A7.5 7.5 0 0 1 ${w - 0.5} 8V${HEAD}Z` });
    this.#x = x;
    this.#held = '';
    this.hold(x, x + w);
  }

  /** Keep the titles and the tick in sight where the frame is wider than the window, of which these are the sides. */
  hold(left: number, right: number): void {
    const { w } = this.inside;
    const last = w - TICK - 10;
    const at = Math.max(0, Math.min(left - this.#x, last - 10 - this.#width));
    const tick = Math.min(last, Math.max(right - this.#x - TICK - 10, at + this.#width + 10));
    const held = `${at} ${tick}`;
    if (held === this.#held) return;
    this.#held = held;
    set(this.#titles, { transform: `translate(${at} 0)` });
    set(this.#tick, { transform: `translate(${tick} 7)` });
  }

  mark(marks: Marks): void {
    const text = JSON.stringify(marks);
    if (text === this.#shown) return;
    this.#shown = text;
    show(this.element, marks);
  }
}

function show(element: SVGGElement, marks: Marks): void {
  const { asked, selected, current, linked, hits, warning, editable } = marks;
  const classes = { asked, selected, current, linked, hit: hits > 0, warned: warning !== null, editable };
  for (const [name, on] of Object.entries(classes)) element.classList.toggle(name, on);
  set(element, { tabindex: current ? 0 : -1, 'aria-selected': `${asked || selected}` });
}
