// The lines of a level as one path each for those that look alike: what is near, what one mode has alone, the rest.
import { type Box, type Edge, GAP, HEAD, type Inside } from './layout';

const RADIUS = 7;

export type EdgeLook = 'plain' | 'eval' | 'train' | 'back';

/** The lines of a level that reach into the rows from `top` to `bottom` of the picture, by how they look. */
export function paths(inside: Inside, x: number, y: number, top: number, bottom: number, near: Box | undefined) {
  const drawn = { plain: '', eval: '', train: '', back: '', near: '' };
  for (const edge of inside.edges) {
    const [high, low] = edge.y1 < edge.y2 ? [edge.y1, edge.y2] : [edge.y2, edge.y1];
    if (y + low < top || y + high > bottom) continue;
    const line = lineOf(edge, x, y);
    if (near && (edge.source === near || edge.reader === near)) drawn.near += line;
    else drawn[lookOf(edge)] += line;
  }
  return drawn;
}

/** A dot where the line meets the frame's title, and where it leaves. */
export function ports({ edges, port, h }: Inside, x: number, y: number): string {
  const dot = (at: number): string => `M${x + port - 3} ${at}a3 3 0 1 1 6 0a3 3 0 1 1 -6 0Z`;
  return (
    (edges.some(({ source }) => !source) ? dot(y + HEAD) : '') + (edges.some(({ reader }) => !reader) ? dot(y + h) : '')
  );
}

function lookOf({ mark, back }: Edge): EdgeLook {
  const mode = mark.toLowerCase();
  return mode === 'e' ? 'eval' : mode === 't' ? 'train' : back ? 'back' : 'plain';
}

/** Down, across to the lane (or to the reader), along it, across to the reader, down. */
export function lineOf(edge: Edge, x: number, y: number): string {
  const [x1, y1, x2, y2] = [x + edge.x1, y + edge.y1, x + edge.x2, y + edge.y2];
  const { route, turn } = edge;
  const lane = route === 'lane' ? x + edge.lane : x2;
  const out = (route === 'late' ? Math.max(y1, y2 - GAP) : y1) + turn;
  const back = lane === x2 ? y2 : y2 - turn;
  const down = back > out ? 1 : -1;
  const widths = [lane - x1, lane - x2].filter(Boolean).map((width) => Math.abs(width) / 2);
  const r = Math.min(RADIUS, out - y1, Math.abs(back - out) / 2, ...widths);
  const first = lane > x1 ? r : -r;
  const second = lane > x2 ? -r : r;
  return (
    `M${x1} ${y1}` +
    (x1 === lane
      ? ''
      : `V${out - r}Q${x1} ${out} ${x1 + first} ${out}H${lane - first}Q${lane} ${out} ${lane} ${out + r * down}`) +
    (x2 === lane
      ? `V${y2}`
      : `V${back - r * down}Q${lane} ${back} ${lane + second} ${back}H${x2 - second}Q${x2} ${back} ${x2} ${back + r}V${y2}`)
  );
}
