// Where everything of the picture stands. Pure, and integers only, so that it is the same on every machine and in the
// Python port (server/fxlens/picture/layout.py), which the tests compare number by number.
//
// A traced graph comes in a valid execution order and with a hierarchy, so nothing of a general layered layout is
// needed: the longest path gives the layers, the order of execution the order in them, and one line, the trunk, runs
// straight through the whole model. Branches stand beside it, and what skips over boxes runs in lanes beside those.

import { Lanes, type Obstacle, Obstacles } from './lanes';
import { type Level, sizeOfCard, titleWidth } from './level';
import { Skyline } from './skyline';
import { shareWidths } from './widths';

export const CARD = 42;
export const HEAD = 28;
export const GAP = 24;
const BESIDE = 26;
const PADDING = 16;
const TOP = 22;
const HEAVY = 4096;
/** Farther right than anything: what has no wish stands there, in the order of execution. */
const LAST = 2 ** 40;

/** A child of a level: a card, or, when it has an inside, a frame. Coordinates are those within its parent. */
export interface Box extends Obstacle {
  readonly number: number;
  readonly id: string;
  w: number;
  h: number;
  /** Where its line comes in and goes out, from its left side. */
  port: number;
  readonly inside: Inside | undefined;
}

/** A line from the bottom of `source` (the frame's entry without one) to the top of `reader` (its exit). */
export interface Edge {
  readonly source: Box | undefined;
  readonly reader: Box | undefined;
  /** As in `Level.marks`. */
  readonly mark: string;
  /** Whether it runs upwards, against the order of execution. */
  readonly back: boolean;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  /** `late`: straight down, then across; `early`: across, then straight down; `lane`: across to `lane` and back. */
  route: 'late' | 'early' | 'lane';
  lane: number;
  /** How far below its start, and above its end, a lane's line turns. */
  turn: number;
}

export interface Inside {
  readonly id: string;
  readonly level: Level;
  /** Ids and names of the groups that the frame stands for: more than one where each holds nothing but the next. */
  readonly titles: readonly { readonly id: string; readonly name: string; readonly what: string }[];
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  /** The boxes from top to bottom, for those who draw a part of them. */
  readonly obstacles: Obstacles;
  w: number;
  h: number;
  port: number;
}

export interface Shown {
  readonly levels: ReadonlyMap<string, Level>;
  readonly open: ReadonlySet<string>;
  /** Whether a level shows its quiet nodes. */
  readonly quiet: (id: string) => boolean;
}

/** Lay out the whole model, with all groups that are open and whose levels are known. */
export function layOut(shown: Shown): Inside | undefined {
  const root = shown.levels.get('');
  return root && layOutLevel(shown, '', root, []);
}

function layOutLevel(shown: Shown, id: string, level: Level, titles: Inside['titles']): Inside {
  const numbers = visible(shown, id, level);
  const [only] = numbers;
  if (titles.length > 0 && numbers.length === 1 && only !== undefined) {
    const inner = opened(shown, level, only);
    if (inner) return layOutLevel(shown, inner.id, inner.level, [...titles, ...inner.titles]);
  }
  const boxes = numbers.map((number) => boxOf(shown, level, number));
  const links = linksOf(level, numbers, shown.quiet(id));
  const layers = layersOf(boxes.length, links);
  shareWidths(boxes, layers, links);
  const x = columns(boxes, layers, links);
  const headed = titles.length > 0;
  const height = rows(boxes, layers, links, x, headed ? HEAD + TOP : PADDING);
  return finish({ id, level, titles, boxes, links, x, height, headed });
}

function visible(shown: Shown, id: string, level: Level): number[] {
  const quiet = shown.quiet(id);
  const numbers: number[] = [];
  for (let at = 0; at < level.names.length; at++) if (quiet || level.quiet[at] !== '1') numbers.push(at);
  return numbers;
}

function opened(shown: Shown, level: Level, number: number) {
  if (level.kinds[number] !== 'g') return undefined;
  const id = childId(level, number);
  const inner = shown.open.has(id) ? shown.levels.get(id) : undefined;
  if (!inner) return undefined;
  const run = level.runs[number];
  const what = (level.whats[number] ?? '') + (run ? ` ×${run}` : '');
  return { id, level: inner, titles: [{ id, name: level.names[number] ?? '', what }] };
}

/** The id of a level's child: for a group or a node the query that it stands for. */
export function childId(level: Level, number: number): string {
  const name = level.names[number] ?? '';
  return level.ids[number] ?? (level.path ? `${level.path}.${name}` : name);
}

function boxOf(shown: Shown, level: Level, number: number): Box {
  const inner = opened(shown, level, number);
  const inside = inner && layOutLevel(shown, inner.id, inner.level, inner.titles);
  const w = inside ? inside.w : sizeOfCard(level, number);
  const h = inside ? inside.h : CARD;
  const id = childId(level, number);
  return { number, id, inside, x: 0, y: 0, w, h, port: inside ? inside.port : w / 2 };
}

/** Edges between the visible boxes, by their places; -1 is the entry, `boxes.length` the exit. */
interface Link {
  readonly source: number;
  readonly reader: number;
  readonly mark: string;
}

export interface Links {
  readonly all: readonly Link[];
  /** The boxes that each reads, forwards, and -1 for the entry. */
  readonly sources: readonly number[][];
  readonly readers: readonly number[][];
}

function linksOf(level: Level, numbers: readonly number[], quiet: boolean): Links {
  const place = new Map<number, number>(numbers.map((number, at) => [number, at]));
  place.set(-1, -1);
  place.set(level.names.length, numbers.length);
  const all: Link[] = [];
  const sources: number[][] = numbers.map(() => []);
  const readers: number[][] = numbers.map(() => []);
  for (let at = 0; at < level.edges.length; at += 2) {
    const mark = level.marks[at / 2] ?? 'b';
    const source = place.get(level.edges[at] ?? -1);
    const reader = place.get(level.edges[at + 1] ?? -1);
    if (source === undefined || reader === undefined) continue;
    if (!quiet && mark < 'a') continue;
    all.push({ source, reader, mark });
    if (source >= reader) continue;
    sources[reader]?.push(source);
    readers[source]?.push(reader);
  }
  return { all, sources, readers };
}

export interface Layers {
  readonly of: readonly number[];
  readonly members: readonly number[][];
  /** How long the longest way from each box to the end is. */
  readonly tail: readonly number[];
}

function layersOf(count: number, { all, sources, readers }: Links): Layers {
  const of: number[] = [];
  for (let at = 0; at < count; at++) {
    // Modules of which no lines are known are a list.
    let layer = all.length > 0 ? 0 : at;
    for (const source of sources[at] ?? []) if (source >= 0) layer = Math.max(layer, (of[source] ?? 0) + 1);
    of.push(layer);
  }
  const tail: number[] = new Array(count).fill(0);
  for (let at = count - 1; at >= 0; at--) {
    let nearest = -1;
    for (const reader of readers[at] ?? []) {
      if (reader >= count) continue;
      tail[at] = Math.max(tail[at] ?? 0, (tail[reader] ?? 0) + 1);
      nearest = nearest < 0 ? (of[reader] ?? 0) : Math.min(nearest, of[reader] ?? 0);
    }
    // What reads nothing stands right above its first reader, not at the top of all.
    if ((sources[at] ?? []).length === 0 && nearest > 0) of[at] = nearest - 1;
  }
  const members: number[][] = [];
  for (let at = 0; at < count; at++) {
    const layer = of[at] ?? 0;
    while (members.length <= layer) members.push([]);
    members[layer]?.push(at);
  }
  return { of, members, tail };
}

/** The x of each box's port: the entry's is 0, and so is that of whatever continues the trunk. */
function columns(boxes: readonly Box[], { of, members, tail }: Layers, { sources }: Links): number[] {
  const x: number[] = new Array(boxes.length).fill(0);
  const at = (source: number): number => (source < 0 ? 0 : (x[source] ?? 0));
  for (const layer of members) {
    const wishes = new Map<number, number | undefined>();
    for (const box of layer) wishes.set(box, wish(box, layer.length));
    let middle = 0;
    let wishing = 0;
    for (const value of wishes.values()) {
      if (value === undefined) continue;
      middle += value;
      wishing++;
    }
    middle = wishing ? Math.floor(middle / wishing) : 0;
    // What reads nothing stands at the side, in the order of execution.
    const ordered = [...layer].sort((a, b) => {
      const [p, q] = [wishes.get(a), wishes.get(b)];
      return (p ?? LAST) - (q ?? LAST);
    });
    const wanted = ordered.map((box) => wishes.get(box) ?? middle);
    const apart = ordered.slice(1).map((box, before) => {
      const left = boxes[ordered[before] ?? 0];
      const right = boxes[box];
      return left && right ? left.w - left.port + right.port + BESIDE : 0;
    });
    const placed = spread(wanted, apart, weights(ordered));
    ordered.forEach((box, place) => {
      x[box] = placed[place] ?? 0;
    });
  }
  return x;

  function wish(box: number, company: number): number | undefined {
    const read = sources[box] ?? [];
    if (read.length === 0) return undefined;
    if (company === 1 && read.length > 1) return 0;
    const near = read.filter((source) => source < 0 || of[source] === (of[box] ?? 0) - 1);
    const taken = read.length > 2 || near.length === 0 ? read : near;
    return Math.floor(taken.reduce((sum, source) => sum + at(source), 0) / taken.length);
  }

  /** Of those that part, the one with most to come stays on the line; equals spread around it. */
  function weights(ordered: readonly number[]): number[] {
    const tails = ordered.map((box) => tail[box] ?? 0);
    const longest = Math.max(...tails);
    const single = tails.filter((length) => length === longest).length === 1;
    return tails.map((length) => (single && length === longest ? HEAVY : 1));
  }
}

/** Places at least `apart` from each other, nearest to those wanted in the weighted square (pool adjacent violators). */
export function spread(wanted: readonly number[], apart: readonly number[], weights: readonly number[]): number[] {
  const offsets: number[] = [0];
  for (const distance of apart) offsets.push((offsets[offsets.length - 1] ?? 0) + distance);
  const blocks: { sum: number; weight: number; from: number }[] = [];
  wanted.forEach((place, at) => {
    const weight = weights[at] ?? 1;
    let block = { sum: (place - (offsets[at] ?? 0)) * weight, weight, from: at };
    for (let last = blocks[blocks.length - 1]; last; last = blocks[blocks.length - 1]) {
      if (last.sum * block.weight < block.sum * last.weight) break;
      blocks.pop();
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, from: last.from };
    }
    blocks.push(block);
  });
  const places: number[] = [];
  blocks.forEach((block, number) => {
    const to = blocks[number + 1]?.from ?? wanted.length;
    // Rounded: a heavy place stays where it is.
    const mean = Math.floor((2 * block.sum + block.weight) / (2 * block.weight));
    for (let at = block.from; at < to; at++) places.push(mean + (offsets[at] ?? 0));
  });
  return places;
}

/** Each box right below what it reads, or what is in its way: beside a tall neighbour there is no hole. */
function rows(
  boxes: readonly Box[],
  { members }: Layers,
  { sources }: Links,
  x: readonly number[],
  top: number,
): number {
  const skyline = new Skyline(top - GAP);
  let bottom = top;
  for (const layer of members) {
    for (const at of layer) {
      const box = boxes[at];
      if (!box) continue;
      const left = (x[at] ?? 0) - box.port;
      let y = skyline.height(left - BESIDE / 2, left + box.w + BESIDE / 2) + GAP;
      for (const source of sources[at] ?? []) {
        const above = boxes[source];
        if (above) y = Math.max(y, above.y + above.h + GAP);
      }
      box.x = left;
      box.y = y;
      skyline.raise(left, left + box.w, y + box.h);
      bottom = Math.max(bottom, y + box.h);
    }
  }
  return bottom;
}

interface Draft {
  readonly id: string;
  readonly level: Level;
  readonly titles: Inside['titles'];
  readonly boxes: readonly Box[];
  readonly links: Links;
  readonly x: readonly number[];
  readonly height: number;
  readonly headed: boolean;
}

/** Route the edges, and move everything so that the frame begins at 0. */
function finish({ id, level, titles, boxes, links, height, headed }: Draft): Inside {
  const obstacles = new Obstacles(boxes);
  const leaves = links.all.some(({ reader }) => reader === boxes.length);
  const h = height + (headed ? (leaves ? GAP : PADDING) : PADDING);
  const edges = links.all.map((link) => edgeOf(link, boxes, h));
  const lanes = new Lanes(obstacles, edges);
  lanes.route();
  let left = lanes.left;
  let right = lanes.right;
  for (const box of boxes) {
    left = Math.min(left, box.x);
    right = Math.max(right, box.x + box.w);
  }
  left -= PADDING;
  right += PADDING;
  const wanted = headed ? titleWidth(titles) : 0;
  // What is narrower than the title above it stands in the middle below it.
  const missing = Math.max(0, wanted - (right - left));
  left -= Math.floor(missing / 2);
  right += missing - Math.floor(missing / 2);
  right += (right - left) % 2;
  for (const box of boxes) box.x -= left;
  for (const edge of edges) {
    edge.x1 -= left;
    edge.x2 -= left;
    edge.lane -= left;
  }
  return { id, level, titles, boxes, edges, obstacles, w: right - left, h, port: -left };
}

function edgeOf({ source, reader, mark }: Link, boxes: readonly Box[], height: number): Edge {
  const [from, to] = [boxes[source], boxes[reader]];
  return {
    source: from,
    reader: to,
    mark,
    back: source >= reader,
    x1: from ? from.x + from.port : 0,
    y1: from ? from.y + from.h : HEAD,
    x2: to ? to.x + to.port : 0,
    y2: to ? to.y : height,
    route: 'late',
    lane: 0,
    turn: 0,
  };
}
