// Where every box is in the whole picture, and which comes before and after which.
import type { Box, Inside } from './layout';

export interface Place {
  readonly box: Box;
  /** What it stands in. */
  readonly parent: Inside;
  readonly above: Place | undefined;
  readonly x: number;
  readonly y: number;
  readonly depth: number;
  /** Its place among its siblings, from 1. */
  readonly at: number;
  /** Its place in the picture, from 0. */
  readonly order: number;
}

export class Places {
  readonly all: Place[] = [];
  readonly #byId = new Map<string, Place>();

  constructor(readonly root: Inside) {
    this.#add(root, 0, 0, 1, undefined);
  }

  get(id: string): Place | undefined {
    return this.#byId.get(id);
  }

  #add(inside: Inside, x: number, y: number, depth: number, above: Place | undefined): void {
    inside.boxes.forEach((box, at) => {
      const order = this.all.length;
      const place = { box, parent: inside, above, x: x + box.x, y: y + box.y, depth, at: at + 1, order };
      this.all.push(place);
      this.#byId.set(box.id, place);
      if (!box.inside) return;
      // A frame stands for all groups that its title names.
      for (const { id } of box.inside.titles) this.#byId.set(id, place);
      this.#add(box.inside, place.x, place.y, depth + 1, place);
    });
  }

  /** The first and the last position in execution order of what stands in a window. */
  range(left: number, top: number, right: number, bottom: number): [first: number, last: number] {
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    const visit = (inside: Inside, x: number, y: number): void => {
      inside.obstacles.between(top - y, bottom - y, (obstacle) => {
        const box = obstacle as Box;
        if (x + box.x > right || x + box.x + box.w < left) return false;
        if (box.inside) visit(box.inside, x + box.x, y + box.y);
        else {
          const start = inside.level.starts[box.number] ?? 0;
          first = Math.min(first, start);
          last = Math.max(last, start + (inside.level.counts[box.number] ?? 0));
        }
        return false;
      });
    };
    visit(this.root, 0, 0);
    return [Math.min(first, last), last];
  }

  /** The box that holds a position in execution order, or comes last before it. */
  holding(position: number): Place | undefined {
    let inside = this.root;
    let best: Place | undefined;
    for (;;) {
      let nearest: Box | undefined;
      for (const box of inside.boxes) {
        const start = inside.level.starts[box.number] ?? 0;
        if (start > position || inside.level.kinds[box.number] === 'o') continue;
        const latest = nearest ? (inside.level.starts[nearest.number] ?? 0) : -1;
        if (start >= latest) nearest = box;
      }
      if (!nearest) return best;
      best = this.#byId.get(nearest.id);
      if (!nearest.inside) return best;
      inside = nearest.inside;
    }
  }
}
