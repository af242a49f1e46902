// How the lines of a level run: straight where nothing is in the way, else in lanes beside the boxes.
import type { Edge } from './layout';

const GAP = 24;
const CLEAR = 6;
const LANE = 10;
const NARROW = 3;
const TURNS = [12, 8, 16];
/** How much further away the right side may be: lanes at one side are easier to follow. */
const PREFERRED = 240;

export interface Obstacle {
  x: number;
  y: number;
  readonly w: number;
  readonly h: number;
}

/** Boxes from top to bottom, to find those in a range. */
export class Obstacles {
  readonly sorted: readonly Obstacle[];
  /** The lowest bottom of each box and those before it. */
  readonly #lowest: number[] = [];

  constructor(boxes: readonly Obstacle[]) {
    this.sorted = [...boxes].sort((a, b) => a.y - b.y);
    let lowest = Number.NEGATIVE_INFINITY;
    for (const box of this.sorted) {
      lowest = Math.max(lowest, box.y + box.h);
      this.#lowest.push(lowest);
    }
  }

  /** Calls `visit` for each box that reaches into the rows from `top` to `bottom`, until it answers true. */
  between(top: number, bottom: number, visit: (box: Obstacle) => boolean | undefined): boolean {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle]?.y ?? 0) < bottom) low = middle + 1;
      else high = middle;
    }
    for (let at = low - 1; at >= 0 && (this.#lowest[at] ?? 0) > top; at--) {
      const box = this.sorted[at];
      if (box && box.y + box.h > top && visit(box)) return true;
    }
    return false;
  }

  /** Whether no box reaches into a rectangle. */
  free(left: number, right: number, top: number, bottom: number): boolean {
    return !this.between(top, bottom, (box) => box.x < right && box.x + box.w > left);
  }
}

/** One lane for each source whose value skips over boxes: all its readers are fed from it. */
interface Lane {
  readonly edges: Edge[];
  readonly back: boolean;
  top: number;
  bottom: number;
  x: number;
}

export class Lanes {
  left = 0;
  right = 0;
  readonly #placed: Lane[] = [];
  #spacing = LANE;
  /** The lines without a lane that go across. */
  readonly #across: Edge[] = [];

  constructor(
    private readonly obstacles: Obstacles,
    private readonly edges: readonly Edge[],
  ) {}

  route(): void {
    const needed = this.#needed();
    this.#turn();
    const ordered = needed.sort((a, b) => a.bottom - a.top - b.bottom + b.top || a.top - b.top);
    if (ordered.length > LANE) this.#spacing = Math.max(NARROW, Math.floor((LANE * LANE) / ordered.length));
    ordered.forEach((lane, number) => {
      lane.x = this.#place(lane);
      this.#placed.push(lane);
      this.left = Math.min(this.left, lane.x);
      this.right = Math.max(this.right, lane.x);
      for (const edge of lane.edges) {
        edge.route = 'lane';
        edge.lane = lane.x;
        edge.turn = 8 + 2 * (number % 3);
      }
    });
  }

  /** Straight lines are settled here; what is left needs lanes. */
  #needed(): Lane[] {
    const lanes = new Map<unknown, Lane>();
    for (const edge of this.edges) {
      const { x1, y1, x2, y2 } = edge;
      if (!edge.back && this.#isStraight(edge)) {
        if (x1 !== x2) this.#across.push(edge);
        continue;
      }
      const key = edge.back ? edge : (edge.source ?? 'entry');
      const lane = lanes.get(key) ?? {
        edges: [],
        back: edge.back,
        top: Math.min(y1, y2),
        bottom: Math.max(y1, y2),
        x: 0,
      };
      lanes.set(key, lane);
      lane.edges.push(edge);
      lane.top = Math.min(lane.top, y1, y2);
      lane.bottom = Math.max(lane.bottom, y1, y2);
      this.left = Math.min(this.left, x1, x2);
    }
    return [...lanes.values()];
  }

  /**
   * What one reader gathers, or else one source spreads, goes across at one height, which its neighbours do not have.
   * Where a line starts above the end of another, it turns before the other comes in: else they look like one.
   */
  #turn(): void {
    const gathered = new Map<unknown, number>();
    for (const { reader } of this.#across) gathered.set(reader, (gathered.get(reader) ?? 0) + 1);
    // For each group of lines, which of the turns: 1 is the first, 2 the last, and both (3) or none any.
    const groups = new Map<string, number>();
    const ending = new Map<string, string>();
    const keys = this.#across.map(({ source, reader, x2, y2 }) => {
      const key = (gathered.get(reader) ?? 0) > 1 ? `>${reader?.id}` : `<${source?.id}`;
      groups.set(key, 0);
      ending.set(`${x2} ${y2}`, key);
      return key;
    });
    const tell = (key = '', turn: number): unknown => groups.set(key, (groups.get(key) ?? 0) | turn);
    this.#across.forEach(({ x1, y1, y2 }, at) => {
      const below = ending.get(`${x1} ${y1 + GAP}`) ?? ending.get(`${x1} ${y2}`);
      if (below === undefined) return;
      tell(keys[at], 1);
      tell(below, 2);
    });
    let number = 0;
    for (const [key, turn] of groups) groups.set(key, TURNS[turn % 3 || number++ % 3] ?? 0);
    this.#across.forEach((edge, at) => {
      edge.turn = groups.get(keys[at] ?? '') ?? 0;
    });
  }

  #isStraight(edge: Edge): boolean {
    const { x1, y1, x2, y2 } = edge;
    if (y2 - y1 <= GAP) return true;
    const [left, right] = x1 < x2 ? [x1, x2] : [x2, x1];
    const { obstacles } = this;
    if (
      obstacles.free(x1 - CLEAR, x1 + CLEAR, y1, y2 - GAP) &&
      (x1 === x2 ? obstacles.free(x1 - CLEAR, x1 + CLEAR, y1, y2) : obstacles.free(left, right, y2 - GAP + 2, y2))
    )
      return true;
    if (obstacles.free(x2 - CLEAR, x2 + CLEAR, y1 + GAP, y2) && obstacles.free(left, right, y1, y1 + GAP - 2)) {
      edge.route = 'early';
      return true;
    }
    return false;
  }

  /** The nearest free way down, at the side whose turns cross nothing; at the right one if both do. */
  #place(lane: Lane): number {
    const [first] = lane.edges;
    const start = first ? Math.floor((first.x1 + first.x2) / 2) : 0;
    if (lane.back) return this.#search(lane, start, -1);
    const right = this.#search(lane, start, 1);
    const left = this.#search(lane, start, -1);
    const price = (x: number): number => this.#crossed(lane, x) * 10_000 + Math.abs(x - start);
    return price(left) + PREFERRED < price(right) ? left : right;
  }

  #search(lane: Lane, start: number, side: 1 | -1): number {
    let x = start;
    for (let moved = true; moved; ) {
      moved = false;
      this.obstacles.between(lane.top, lane.bottom, (box) => {
        if (box.x >= x + CLEAR || box.x + box.w <= x - CLEAR) return false;
        x = side > 0 ? box.x + box.w + LANE + 2 : box.x - LANE - 2;
        moved = true;
        return false;
      });
      for (const other of this.#placed) {
        if (other.top >= lane.bottom || other.bottom <= lane.top || Math.abs(other.x - x) >= this.#spacing) continue;
        x = other.x + side * this.#spacing;
        moved = true;
      }
    }
    return x;
  }

  /** How many of its turns run through a box. */
  #crossed(lane: Lane, x: number): number {
    let crossed = 0;
    for (const { x1, y1, x2, y2 } of lane.edges) {
      if (!this.obstacles.free(Math.min(x1, x), Math.max(x1, x), y1 + 2, y1 + GAP / 2)) crossed++;
      if (!this.obstacles.free(Math.min(x2, x), Math.max(x2, x), y2 - GAP / 2, y2 - 2)) crossed++;
    }
    return crossed;
  }
}
