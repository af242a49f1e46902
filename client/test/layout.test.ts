// Where the boxes and lines of the graph view stand: by rules that hold for any graph, and on graphs written by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Box, CARD, childId, GAP, HEAD, type Inside, layOut, spread } from '../webview/layout';
import { chars, type Level, nameText, sizeOfCard } from '../webview/level';

interface Sample {
  readonly names: readonly string[];
  readonly edges?: readonly (readonly [number, number])[];
  readonly groups?: readonly number[];
  readonly marks?: string;
  readonly quiet?: string;
}

function level(path: string, { names, edges = [], groups = [], marks = '', quiet = '' }: Sample): Level {
  return {
    path,
    names,
    ids: {},
    kinds: names.map((_, at) => (groups.includes(at) ? 'g' : 'e')).join(''),
    whats: names.map(() => 'Conv2d'),
    shapes: names.map(() => '1×8×4×4'),
    modes: '',
    quiet,
    starts: names.map((_, at) => at),
    counts: names.map(() => 1),
    runs: {},
    parameters: {},
    notes: {},
    edges: edges.flat(),
    marks,
  };
}

function laidOut(levels: Record<string, Level>, open: readonly string[] = [], quiet = false): Inside {
  const root = layOut({ levels: new Map(Object.entries(levels)), open: new Set(open), quiet: () => quiet });
  assert.ok(root);
  return root;
}

function flat(names: readonly string[], edges: readonly (readonly [number, number])[]): Record<string, Box> {
  const { boxes } = laidOut({ '': level('', { names, edges }) });
  return Object.fromEntries(boxes.map((box) => [box.id, box]));
}

const port = (box: Box | undefined): number => (box ? box.x + box.port : Number.NaN);

/** All boxes with their places in the whole picture, and what each stands in. */
function* everything(inside: Inside, x = 0, y = 0): Generator<{ box: Box; x: number; y: number; inside: Inside }> {
  for (const box of inside.boxes) {
    yield { box, x: x + box.x, y: y + box.y, inside };
    if (box.inside) yield* everything(box.inside, x + box.x, y + box.y);
  }
}

function check(root: Inside): void {
  const levels = new Set<Inside>([root]);
  for (const { box, inside } of everything(root)) {
    if (box.inside) levels.add(box.inside);
    for (const value of [box.x, box.y, box.w, box.h, box.port])
      assert.ok(Number.isInteger(value), `${box.id}: ${value}`);
    assert.ok(box.x >= 0 && box.x + box.w <= inside.w && box.y + box.h <= inside.h, `${box.id} leaves its frame`);
  }
  for (const { boxes, edges } of levels) {
    boxes.forEach((one, at) => {
      for (const other of boxes.slice(at + 1)) {
        const apart =
          one.x + one.w <= other.x ||
          other.x + other.w <= one.x ||
          one.y + one.h <= other.y ||
          other.y + other.h <= one.y;
        assert.ok(apart, `${one.id} and ${other.id} overlap`);
      }
    });
    for (const { source, reader, back, x1, y1, x2, y2, route, lane } of edges) {
      if (source) assert.deepEqual([x1, y1], [port(source), source.y + source.h]);
      if (reader) assert.deepEqual([x2, y2], [port(reader), reader.y]);
      if (!back) assert.ok(y2 - y1 >= GAP - 6, `a line runs upwards, from ${y1} to ${y2}`);
      if (route !== 'lane') continue;
      // A lane runs beside the boxes, never through one.
      const [top, bottom] = y1 < y2 ? [y1, y2] : [y2, y1];
      for (const box of boxes)
        assert.ok(box.y >= bottom || box.y + box.h <= top || lane < box.x || lane > box.x + box.w, `through ${box.id}`);
    }
  }
}

test('a chain stands on one line, its cards of one width', () => {
  const { a, b, c } = flat(
    ['a', 'b', 'c'],
    [
      [0, 1],
      [1, 2],
    ],
  );
  assert.equal(port(a), port(b));
  assert.equal(port(b), port(c));
  assert.equal(a?.w, c?.w);
  assert.equal((b?.y ?? 0) - (a?.y ?? 0), CARD + GAP);
});

test('a line goes on, with one width, where others part from it and come back', () => {
  const { wide_name, a, side, add, last } = flat(
    ['wide_name', 'a', 'side', 'add', 'last'],
    [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
      [3, 4],
    ],
  );
  assert.deepEqual([add?.w, last?.w], [wide_name?.w, wide_name?.w]);
  assert.equal(a?.w, side?.w); // Neither continues the line.
});

test('a line that starts above the end of another turns before that one comes in', () => {
  // The auxiliary heads of GoogLeNet: the first one's output stands beside the second head.
  const root = laidOut({
    '': level('', {
      names: ['x', 'aux1', 'run', 'aux2', 'next', 'last', 'end', 'out1', 'out2'],
      edges: [
        [0, 1],
        [0, 2],
        [2, 3],
        [2, 4],
        [4, 5],
        [5, 6],
        [1, 7],
        [3, 8],
      ],
    }),
  });
  check(root);
  const across = root.edges.filter(({ x1, x2 }) => x1 !== x2);
  const height = ({ route, turn, y1, y2 }: Inside['edges'][number]) => (route === 'late' ? y2 - GAP : y1) + turn;
  const above = across.filter((one) => across.some((other) => one.x1 === other.x2 && one.y1 + GAP === other.y2));
  assert.ok(above.length > 0);
  for (const one of above)
    for (const other of across)
      if (one.x1 === other.x2 && one.y1 + GAP === other.y2) assert.ok(height(one) < height(other));
});

test('of two branches the longer stays on the line, the other stands beside it', () => {
  const { x, conv, side, add } = flat(
    ['x', 'conv', 'relu', 'side', 'add'],
    [
      [0, 1],
      [1, 2],
      [0, 3],
      [2, 4],
      [3, 4],
    ],
  );
  assert.equal(port(x), port(conv));
  assert.equal(port(conv), port(add));
  assert.ok(port(side) > port(conv));
});

test('equal branches spread around the line, and what joins them is on it', () => {
  const { x, a, b, c, cat } = flat(
    ['x', 'a', 'b', 'c', 'cat'],
    [
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 4],
      [2, 4],
      [3, 4],
    ],
  );
  assert.equal(port(b), port(x));
  assert.equal(port(b) - port(a), port(c) - port(b));
  assert.equal(port(cat), port(x));
});

test('what skips over boxes runs in a lane beside them, one for each source', () => {
  const edges = [
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 2],
    [0, 3],
    [1, 3],
  ] as const;
  const root = laidOut({ '': level('', { names: ['a', 'b', 'c', 'd'], edges }) });
  check(root);
  const lanes = root.edges.filter(({ route }) => route === 'lane').map(({ source, lane }) => `${source?.id} ${lane}`);
  assert.equal(lanes.length, 3);
  assert.equal(new Set(lanes).size, 2);
});

test('a frame holds its level below its title, and its line meets the one outside', () => {
  const root = laidOut(
    {
      '': level('', {
        names: ['x', 'block', 'fc'],
        groups: [1],
        edges: [
          [0, 1],
          [1, 2],
        ],
      }),
      block: level('block', {
        names: ['conv', 'relu'],
        edges: [
          [-1, 0],
          [0, 1],
          [1, 2],
        ],
      }),
    },
    ['block'],
  );
  check(root);
  const [x, block, fc] = root.boxes;
  const [conv] = block?.inside?.boxes ?? [];
  assert.ok((conv?.y ?? 0) > HEAD);
  assert.equal((block?.x ?? 0) + port(conv), port(x));
  assert.equal(port(block), port(fc));
});

test('a group that holds nothing but another one shares its frame', () => {
  const root = laidOut(
    {
      '': level('', { names: ['net', 'fc'], groups: [0] }),
      net: level('net', { names: ['body'], groups: [0] }),
      'net.body': level('net.body', { names: ['0', '1'] }),
    },
    ['net', 'net.body'],
  );
  assert.deepEqual(
    root.boxes[0]?.inside?.titles.map(({ id }) => id),
    ['net', 'net.body'],
  );
  assert.deepEqual(
    root.boxes[0]?.inside?.boxes.map(({ id }) => id),
    ['net.body.0', 'net.body.1'],
  );
});

test('quiet nodes, and lines that only they make, are left out until they are wanted', () => {
  const edges = [
    [0, 1],
    [1, 2],
    [0, 2],
  ] as const;
  const levels = { '': level('', { names: ['a', 'size', 'b'], edges, marks: 'BBb', quiet: '010' }) };
  assert.deepEqual(
    laidOut(levels).boxes.map(({ id }) => id),
    ['a', 'b'],
  );
  assert.equal(laidOut(levels).edges.length, 1);
  assert.equal(laidOut(levels, [], true).edges.length, 3);
});

test('a line against the order of execution is kept, and marked', () => {
  const edges = [
    [0, 1],
    [1, 0],
  ] as const;
  const root = laidOut({ '': level('', { names: ['a', 'b'], edges }) });
  assert.deepEqual(
    root.edges.map(({ back }) => back),
    [false, true],
  );
});

test('modules of which no lines are known stand below each other', () => {
  const { a, b } = flat(['a', 'b'], []);
  assert.equal(port(a), port(b));
  assert.ok((b?.y ?? 0) > (a?.y ?? 0));
});

test('places are spread by what they want and weigh', () => {
  assert.deepEqual(spread([0, 0], [100], [1, 1]), [-50, 50]);
  assert.deepEqual(spread([0, 0], [100], [4096, 1]), [0, 100]);
  assert.deepEqual(spread([0, 500], [100], [1, 1]), [0, 500]);
  assert.deepEqual(spread([0, 0, 0], [10, 10], [1, 1, 1]), [-10, 0, 10]);
});

test('long chains and wide levels need no deep stack and little time', () => {
  const names = Array.from({ length: 10_000 }, (_, at) => `n${at}`);
  const chain = names.slice(1).map((_, at) => [at, at + 1] as const);
  assert.equal(laidOut({ '': level('', { names, edges: chain }) }).boxes.length, 10_000);
  assert.equal(laidOut({ '': level('', { names: names.slice(0, 2_000), edges: [] }) }).boxes.length, 2_000);
});

test('in random graphs nothing overlaps, and every line begins and ends where it says', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const levels: Record<string, Level> = {};
    const open: string[] = [];
    const grow = (path: string, depth: number): void => {
      const count = 1 + Math.floor(next() * 14);
      const names = Array.from({ length: count }, (_, at) =>
        'abcdefghijklmn'.slice(at, at + 1 + Math.floor(next() * 9)),
      );
      const groups = names.flatMap((_, at) => (depth < 3 && next() < 0.3 ? [at] : []));
      const edges = new Set<string>();
      for (let edge = 0; edge < count * 2; edge++) {
        const source = Math.floor(next() * (count + 1)) - 1;
        const reader = Math.floor(next() * (count + 1));
        const outside = path === '' && (source < 0 || reader === count);
        if (source !== reader && !outside && !(source < 0 && reader === count)) edges.add(`${source},${reader}`);
      }
      const pairs = [...edges].map((text) => text.split(',').map(Number) as [number, number]);
      const made = level(path, { names: names.map((name, at) => `${name}${at}`), groups, edges: pairs });
      levels[path] = made;
      for (const at of groups) {
        const id = childId(made, at);
        open.push(id);
        grow(id, depth + 1);
      }
    };
    grow('', 0);
    const root = laidOut(levels, open);
    check(root);
    assert.deepEqual(describe(laidOut(levels, open)), describe(root));
  }
});

test('widths are counted in letters, as Python counts them', () => {
  assert.equal(chars('a×😀'), 3);
  assert.equal([...nameText('x'.repeat(80))].length, 55);
  assert.equal(sizeOfCard(level('', { names: ['a'] }), 0) % 2, 0);
});

function describe(root: Inside): string {
  return [...everything(root)].map(({ box, x, y }) => `${box.id} ${x} ${y} ${box.w} ${box.h}`).join('\n');
}

/** Numbers from 0 to 1 that are the same each time. */
function random(seed: number): () => number {
  let state = seed * 2_654_435_769;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296;
  };
}
