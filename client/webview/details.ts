// The line below the picture: what is known of the current node, and ways to what it reads and to its readers.
import type { GraphNeighbour, GraphNodeDetails } from '../src/wire';
import { button, html } from './elements';

/** More names than this are counted: the line has room for few. */
const MOST = 12;

export class Details {
  readonly element = html('footer', { class: 'details', 'aria-label': 'Current node' });
  readonly #spoken = html('div', { class: 'spoken', 'aria-live': 'polite' });

  constructor(
    private readonly go: (path: string) => void,
    private readonly open: ((path: string) => void) | undefined,
  ) {
    this.element.append(this.#spoken);
  }

  show(details: GraphNodeDetails | null, warning: string | null): void {
    const row: Element[] = [this.#spoken];
    if (details) {
      const { path, what, module, shape, parameters, reads, readBy, place } = details;
      row.push(html('span', { class: 'path' }, written(path)));
      const about = [what, module ? `module ${module}` : ''].filter(Boolean).join(', ');
      if (about) row.push(html('span', { class: 'dim' }, about));
      if (shape) row.push(html('span', { class: 'shape' }, shape));
      if (parameters) row.push(html('span', { class: 'dim' }, `${parameters.toLocaleString('en')} parameters`));
      for (const text of warning ? [warning] : details.sentences) row.push(html('span', { class: 'warned' }, text));
      if (place) {
        const { open } = this;
        row.push(open ? button(place, 'Go to the source (F12)', () => open(path)) : html('span', {}, place));
      }
      if (reads.length) row.push(this.#neighbours('←', 'reads', reads));
      if (readBy.length) row.push(this.#neighbours('→', 'read by', readBy));
      this.#spoken.textContent = [path, about, shape, warning, ...details.sentences].filter(Boolean).join(', ');
    } else {
      row.push(html('span', { class: 'dim' }, 'Click a node to see what it reads and what reads it'));
    }
    this.element.replaceChildren(...row);
  }

  #neighbours(arrow: string, label: string, nodes: readonly GraphNeighbour[]): HTMLElement {
    const made = html('span', { class: 'neighbours', role: 'group', 'aria-label': label }, arrow);
    for (const { path, shape } of nodes.slice(0, MOST))
      made.append(button(written(path), shape || written(path), () => this.go(path)));
    if (nodes.length > MOST) made.append(` and ${nodes.length - MOST} more`);
    return made;
  }
}

/** An id as one reads it: outputs and folded runs have ids that are not paths. */
function written(id: string): string {
  return id
    .replace('\0output', 'output ')
    .replace(/\0(\d+)$/, ' … ×$1')
    .trim();
}
