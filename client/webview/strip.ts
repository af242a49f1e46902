// The whole execution order in one column, coloured by kind, with marks for what is asked for, found and in sight.
import { set, svg } from './elements';

const WIDTH = 36;

export interface StripMarks {
  readonly asked: readonly number[];
  readonly hits: readonly number[];
  readonly current: number | null;
}

export class Strip {
  readonly element = svg('svg', { id: 'strip', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  readonly #kinds = svg('g');
  readonly #view = svg('rect', { class: 'strip-view', x: 0, width: WIDTH });
  readonly #marks = svg('g');
  #nodes = 1;

  constructor(jump: (position: number) => void) {
    this.element.append(this.#kinds, this.#marks, this.#view);
    const go = (event: PointerEvent): void => {
      const { top, height } = this.element.getBoundingClientRect();
      jump(Math.floor(((event.clientY - top) / height) * this.#nodes));
    };
    this.element.addEventListener('pointerdown', (event) => {
      this.element.setPointerCapture(event.pointerId);
      go(event);
    });
    this.element.addEventListener('pointermove', (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) go(event);
    });
  }

  show(kinds: string, nodes: number): void {
    this.#nodes = Math.max(1, nodes);
    set(this.element, { viewBox: `0 0 ${WIDTH} 1000` });
    const d: Record<string, string> = {};
    const height = 1000 / Math.max(1, kinds.length);
    const gap = height > 4 ? 1 : 0;
    [...kinds].forEach((kind, at) => {
      const top = (at * height).toFixed(2);
      d[kind] = `${d[kind] ?? ''}M8 ${top}h20v${(height - gap).toFixed(2)}h-20z`;
    });
    this.#kinds.replaceChildren(
      ...Object.entries(d).map(([kind, path]) => svg('path', { class: `s-${kind}`, d: path })),
    );
  }

  mark({ asked, hits, current }: StripMarks): void {
    const line = (kind: string, positions: readonly number[]): SVGPathElement =>
      svg('path', { class: kind, d: positions.map((at) => `M0 ${this.#y(at + 0.5) - 2}h36v4h-36z`).join('') });
    this.#marks.replaceChildren(
      line('strip-hit', hits),
      line('strip-asked', asked),
      line('strip-current', current === null ? [] : [current]),
    );
  }

  view(first: number, last: number): void {
    const top = this.#y(first);
    set(this.#view, { y: top, height: Math.max(6, this.#y(last) - top) });
  }

  #y(position: number): number {
    return (position / this.#nodes) * 1000;
  }
}
