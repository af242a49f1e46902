// What is in sight of the picture, as elements: nothing else is in the document, so that its size does not matter.
import { Card, type Detail, Frame, type Marks } from './cards';
import { paths, ports } from './edges';
import { set, svg } from './elements';
import { type Box, HEAD, type Inside } from './layout';
import type { Place, Places } from './places';

const SMALLEST = 0.05;
const LARGEST = 2;
/** How much is drawn above and below what is in sight, in heights of it. */
const MARGIN = 0.6;
const NAMES = 0.55;
const COLOURS = 0.3;
const STEP = 250;
/** How much is seen beside what is brought into sight. */
const BESIDE = 24;
/** How much is seen above the first card. */
const ABOVE = 8;
/** What was drawn for a smaller zoom is kept until so much of it is out of sight. */
const MUCH_LARGER = 2.5;

function detailAt(zoom: number): Detail {
  return zoom < COLOURS ? 'colour' : zoom < NAMES ? 'name' : 'all';
}

interface Lines {
  readonly element: SVGGElement;
  /** One path for all lines that look alike. */
  readonly parts: Map<string, SVGPathElement>;
  readonly ports: SVGPathElement;
  stamp: number;
}

interface Live {
  readonly drawn: Card | Frame;
  stamp: number;
}

export class Viewport {
  x = 0;
  y = 0;
  k = 1;
  #places: Places | undefined;
  readonly #world = svg('g');
  readonly #frames = svg('g');
  readonly #lines = svg('g', { 'aria-hidden': 'true' });
  readonly #cards = svg('g');
  readonly #live = new Map<string, Live>();
  readonly #edges = new Map<string, Lines>();
  #filled: { left: number; right: number; top: number; bottom: number; k: number } | undefined;
  #stamp = 0;
  #near: Box | undefined;
  #rect = new DOMRect();

  constructor(
    readonly element: SVGSVGElement,
    private readonly marks: (id: string, place: Place) => Marks,
    private readonly moved: () => void,
  ) {
    this.#world.append(this.#frames, this.#lines, this.#cards);
    element.append(this.#world);
    this.#listen();
    new ResizeObserver(() => {
      const { width } = this.#rect;
      this.#measure();
      // What is in the middle stays there; nothing is in the middle of a page that is hidden.
      if (width && this.#rect.width) this.x -= (this.#rect.width - width) / 2 / this.k;
      this.refresh();
    }).observe(element);
  }

  get width(): number {
    return this.#rect.width || 1;
  }

  get height(): number {
    return this.#rect.height || 1;
  }

  /** Seldom: after elements were changed the browser has to lay out the page for it. */
  #measure(): void {
    this.#rect = this.element.getBoundingClientRect();
  }

  /** Draw another layout; `fresh` where names, shapes and all may be others. */
  show(places: Places, fresh: boolean): void {
    this.#places = places;
    if (fresh) {
      for (const [, { drawn }] of this.#live) drawn.element.remove();
      this.#live.clear();
      this.#measure();
    }
    this.refresh();
  }

  /** The box whose lines are shown before the others. */
  set near(id: string | null) {
    this.#near = id === null ? undefined : this.#places?.get(id)?.box;
  }

  refresh(): void {
    this.#filled = undefined;
    this.place();
  }

  place(): void {
    const { x, y, k, width, height } = this;
    const filled = this.#filled;
    if (
      !filled ||
      y < filled.top ||
      y + height / k > filled.bottom ||
      x < filled.left ||
      x + width / k > filled.right ||
      detailAt(k) !== detailAt(filled.k) ||
      k > filled.k * MUCH_LARGER
    )
      this.#fill();
    for (const { drawn } of this.#live.values()) if (drawn instanceof Frame) drawn.hold(x, x + width / k);
    set(this.#world, { transform: `matrix(${k} 0 0 ${k} ${-x * k} ${-y * k})` });
    this.moved();
  }

  zoom(factor: number, px = this.width / 2, py = this.height / 2): void {
    const k = Math.min(LARGEST, Math.max(SMALLEST, this.k * factor));
    this.x += px / this.k - px / k;
    this.y += py / this.k - py / k;
    this.k = k;
    this.place();
  }

  /** From the top, at a size that can be read; narrower only as far as names stay readable. */
  home(): void {
    const root = this.#places?.root;
    if (!root) return;
    this.k = Math.max(0.6, Math.min(1, this.width / (root.w + 32)));
    const trunk = root.port;
    const half = this.width / this.k / 2;
    // In the middle if there is room, else with the trunk in sight.
    this.x = root.w < half * 2 ? root.w / 2 - half : Math.min(Math.max(trunk - half, 0), root.w - half * 2);
    this.y = -ABOVE / this.k;
    this.place();
  }

  /** Bring a place into sight; into the middle if it was not, but no further up than the picture begins. */
  reveal(place: Place, always = false): void {
    const { box, x, y } = place;
    const h = Math.min(box.h, HEAD + 80);
    const wide = this.width / this.k;
    const tall = this.height / this.k;
    const top = this.y + 36 / this.k;
    const inRows = y >= top && y + h <= this.y + tall;
    if (always || !inRows) this.y = Math.max(y + h / 2 - tall / 2, -ABOVE / this.k);
    // Sideways no further than needed: the trunk is what one follows.
    const right = x + Math.min(box.w, wide - 2 * BESIDE) + BESIDE;
    this.x = Math.min(Math.max(this.x, right - wide), x - BESIDE);
    this.refresh();
  }

  elementOf(id: string): SVGGElement | undefined {
    const place = this.#places?.get(id);
    if (!place) return undefined;
    // By id: a card outlives its layout, in the next of which its box is another object.
    for (const { drawn, stamp } of this.#live.values())
      if (stamp === this.#stamp && drawn.box.id === place.box.id) return drawn.element;
    return undefined;
  }

  #fill(): void {
    const places = this.#places;
    if (!places) return;
    const { x, y, k } = this;
    const wide = this.width / k;
    const tall = this.height / k;
    const filled = {
      left: x - wide * MARGIN,
      right: x + wide * (1 + MARGIN),
      top: y - tall * MARGIN,
      bottom: y + tall * (1 + MARGIN),
      k,
    };
    this.#filled = filled;
    this.#stamp++;
    this.#inside(places.root, 0, 0, detailAt(k));
    for (const [key, live] of this.#live) {
      // Whoever reads the screen aloud stands on it, though it is out of sight.
      const kept = live.drawn.element === document.activeElement && !this.#isDrawn(live);
      if (live.stamp === this.#stamp || kept) continue;
      live.drawn.element.remove();
      this.#live.delete(key);
    }
    for (const [key, lines] of this.#edges) {
      if (lines.stamp === this.#stamp) continue;
      lines.element.remove();
      this.#edges.delete(key);
    }
  }

  /** Whether the box of an element is there as another element, or is not there any more. */
  #isDrawn({ drawn }: Live): boolean {
    const place = this.#places?.get(drawn.box.id);
    if (!place || (place.box.inside === undefined) !== drawn instanceof Card) return true;
    for (const other of this.#live.values())
      if (other.stamp === this.#stamp && other.drawn.box.id === drawn.box.id) return true;
    return false;
  }

  #inside(inside: Inside, x: number, y: number, detail: Detail): void {
    const window = this.#filled;
    if (!window) return;
    this.#draw(inside, x, y);
    inside.obstacles.between(window.top - y, window.bottom - y, (obstacle) => {
      const box = obstacle as Box;
      if (x + box.x > window.right || x + box.x + box.w < window.left) return false;
      this.#box(box, inside, x + box.x, y + box.y, detail);
      if (box.inside) this.#inside(box.inside, x + box.x, y + box.y, detail);
      return false;
    });
  }

  #box(box: Box, parent: Inside, x: number, y: number, detail: Detail): void {
    const key = box.inside ? `F${box.inside.id}` : `${detail} ${box.w} ${box.id}`;
    const place = this.#places?.get(box.id);
    let live = this.#live.get(key);
    // The layout may be another one, in which the same box has another object.
    if (live && box.inside && live.drawn.box !== box) {
      const had = live.drawn.element === document.activeElement;
      live.drawn.element.remove();
      live = undefined;
      if (had) queueMicrotask(() => this.elementOf(box.id)?.focus({ preventScroll: true }));
    }
    if (!place) return;
    const position = { depth: place.depth, at: place.at, of: parent.boxes.length };
    if (!live) {
      const drawn = box.inside ? new Frame(box, box.inside, position) : new Card(box, parent.level, detail, position);
      (box.inside ? this.#frames : this.#cards).append(drawn.element);
      live = { drawn, stamp: 0 };
      this.#live.set(key, live);
    }
    live.stamp = this.#stamp;
    live.drawn.move(x, y);
    live.drawn.mark(this.marks(box.id, place));
  }

  #draw(inside: Inside, x: number, y: number): void {
    const window = this.#filled;
    if (!window) return;
    let lines = this.#edges.get(inside.id);
    if (!lines) {
      const ports = svg('path', { class: 'port' });
      lines = { element: svg('g', {}, ports), parts: new Map(), ports, stamp: 0 };
      this.#lines.append(lines.element);
      this.#edges.set(inside.id, lines);
    }
    lines.stamp = this.#stamp;
    const drawn = paths(inside, x, y, window.top, window.bottom, this.#near);
    for (const [kind, d] of Object.entries(drawn)) {
      let part = lines.parts.get(kind);
      if (!part && d) {
        part = svg('path', { class: `edge ${kind}` });
        lines.parts.set(kind, part);
        // What is near lies above the others.
        if (kind === 'near') lines.element.append(part);
        else lines.element.prepend(part);
      }
      if (part && part.getAttribute('d') !== d) set(part, { d });
    }
    if (inside !== this.#places?.root) set(lines.ports, { d: ports(inside, x, y) });
  }

  #listen(): void {
    const { element } = this;
    // VS Code may aim a pinch at the frame around us, so it is heard on the window; and only thus can it be kept.
    addEventListener(
      'wheel',
      (event) => {
        if (!(event.target instanceof Node) || !element.parentElement?.contains(event.target)) return;
        event.preventDefault();
        const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
        if (event.ctrlKey || event.metaKey) {
          const { x, y } = this.#rect;
          this.zoom(Math.exp((-event.deltaY * unit) / STEP), event.clientX - x, event.clientY - y);
          return;
        }
        const [dx, dy] = event.shiftKey && !event.deltaX ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
        this.pan(dx * unit, dy * unit);
      },
      { passive: false },
    );
    let from: { x: number; y: number; id: number } | undefined;
    element.addEventListener('pointerdown', (event) => {
      if (event.button > 1 || (event.target as Element).closest('.card, .frame-hit, .segment, .tick')) return;
      from = { x: event.clientX, y: event.clientY, id: event.pointerId };
      element.setPointerCapture(event.pointerId);
      element.classList.add('dragging');
    });
    element.addEventListener('pointermove', (event) => {
      if (from?.id !== event.pointerId) return;
      this.pan(from.x - event.clientX, from.y - event.clientY);
      from = { x: event.clientX, y: event.clientY, id: event.pointerId };
    });
    const end = (): void => {
      from = undefined;
      element.classList.remove('dragging');
    };
    element.addEventListener('pointerup', end);
    element.addEventListener('pointercancel', end);
  }

  /** Move what is seen, in pixels of the screen; never so far that nothing is left of it. */
  pan(dx: number, dy: number): void {
    const root = this.#places?.root;
    if (!root) return;
    const wide = this.width / this.k;
    const tall = this.height / this.k;
    const keep = 80 / this.k;
    this.x = Math.min(Math.max(this.x + dx / this.k, keep - wide), root.w - keep);
    this.y = Math.min(Math.max(this.y + dy / this.k, keep - tall), root.h - keep);
    this.place();
  }
}
