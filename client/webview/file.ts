// The page in a file: all levels are in it, and nothing is requested from outside.
import type { Graph, GraphFound, GraphNodeDetails, Level } from '../src/wire';
import { childId } from './layout';
import type { Host, Questions } from './messages';

/** What a file holds: for each mode that differs a graph with all its levels; the first is shown at first. */
export type FileGraphs = readonly Graph[];

export function fileHost(graphs: FileGraphs): Host {
  let [shown] = graphs;
  const show = (): void => {
    if (shown) listener?.({ type: 'graph', graph: shown, where: { uri: '' } });
  };
  let listener: Parameters<Host['listen']>[0] | undefined;
  const answers: { [M in keyof Questions]: (parameters: Questions[M][0]) => Questions[M][1] } = {
    levels: () => ({ revision: shown?.revision ?? 0, stale: false, levels: shown?.levels ?? {} }),
    node: ({ path }) => (shown ? details(shown, path) : null),
    find: ({ text }) => find(shown, text),
  };
  return {
    connected: false,
    state: null,
    remember: () => undefined,
    ask: async (method, parameters) => answers[method](parameters),
    listen: (wanted) => {
      listener = wanted;
    },
    send: (message) => {
      if (message.type === 'view') shown = graphs.find(({ mode }) => mode === message.mode) ?? shown;
      if (message.type === 'view' || message.type === 'ready') queueMicrotask(show);
      if (message.type === 'copyName') void navigator.clipboard?.writeText(message.path);
    },
  };
}

function* children(graph: Graph): Generator<[level: Level, id: string, number: number]> {
  const waiting = [''];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const level = graph.levels[id];
    if (!level) continue;
    for (let at = 0; at < level.names.length; at++) yield [level, childId(level, at), at];
    for (let at = level.names.length - 1; at >= 0; at--) if (level.kinds[at] === 'g') waiting.push(childId(level, at));
  }
}

function details(graph: Graph, path: string): GraphNodeDetails | null {
  for (const [level, id, at] of children(graph)) {
    if (id !== path) continue;
    const neighbours = (end: 0 | 1) => {
      const nodes = [];
      for (let edge = 0; edge < level.edges.length; edge += 2) {
        const other = level.edges[edge + end] ?? -1;
        const here = level.edges[edge + 1 - end];
        if (here === at && other >= 0 && other < level.names.length)
          nodes.push({ path: childId(level, other), shape: level.shapes[other] ?? '' });
      }
      return nodes;
    };
    return {
      path,
      what: level.whats[at] ?? '',
      module: null,
      shape: level.shapes[at] ?? '',
      parameters: 0,
      reads: neighbours(0),
      readBy: neighbours(1),
      modes: graph.modes,
      source: null,
      place: '',
      chain: '',
      selectedBy: [],
      sentences: [],
    };
  }
  return null;
}

function find(graph: Graph | undefined, text: string): GraphFound {
  const wanted = text.toLowerCase();
  const hits: [path: string, position: number][] = [];
  const under: Record<string, number> = {};
  const count = (id: string): number => {
    const level = graph?.levels[id];
    let total = 0;
    level?.names.forEach((_, at) => {
      const child = childId(level, at);
      if (level.kinds[at] === 'g') {
        const inner = count(child);
        if (inner) under[child] = inner;
        total += inner;
      } else if (level.kinds[at] !== 'o' && `${child}\n${level.whats[at]}`.toLowerCase().includes(wanted)) {
        hits.push([child, level.starts[at] ?? 0]);
        total++;
      }
    });
    return total;
  };
  const total = count('');
  hits.sort(([, a], [, b]) => a - b);
  return { total, paths: hits.map(([path]) => path), positions: hits.map(([, position]) => position), under };
}
