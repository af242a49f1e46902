// Which cards stand in one line, and are therefore as wide as each other.
import type { Box, Layers, Links } from './layout';

/**
 * The cards of one line get one width: their names start, and their shapes end, below each other. A line goes on, beyond
 * where others part from it and come back, in the boxes that get the x of those above them.
 */
export function shareWidths(boxes: readonly Box[], { of, members, tail }: Layers, { sources, readers }: Links): void {
  const line: number[] = [];
  const widest: number[] = [0]; // The first line is the trunk.
  const heirs = new Map<number, number | undefined>();
  boxes.forEach((box, at) => {
    const before = above(at);
    if (before === undefined) widest.push(0);
    const own = before === undefined ? widest.length - 1 : (line[before] ?? 0);
    line.push(own);
    if (!box.inside) widest[own] = Math.max(widest[own] ?? 0, box.w);
  });
  boxes.forEach((box, at) => {
    if (box.inside) return;
    box.w = widest[line[at] ?? 0] ?? box.w;
    box.port = box.w / 2;
  });

  /** The box whose line one continues; -1 for the trunk. */
  function above(at: number): number | undefined {
    const read = sources[at] ?? [];
    const layer = of[at] ?? 0;
    if ((members[layer]?.length ?? 0) === 1) return read.length === 1 ? read[0] : -1;
    const [before, other] = read.filter((source) => (of[source] ?? -1) === layer - 1);
    if (before === undefined || other !== undefined) return undefined;
    if (!heirs.has(before)) heirs.set(before, heir(before, layer));
    return heirs.get(before) === at ? before : undefined;
  }

  /** Which of the boxes that a line leads to in a layer continues it: the only one, or the one with most to come. */
  function heir(source: number, layer: number): number | undefined {
    const next = source < 0 ? (members[layer] ?? []) : (readers[source] ?? []).filter((box) => of[box] === layer);
    const longest = Math.max(...next.map((box) => tail[box] ?? 0));
    const [best, equal] = next.filter((box) => tail[box] === longest);
    return equal === undefined ? best : undefined;
  }
}
