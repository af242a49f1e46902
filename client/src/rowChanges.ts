// Which rows of the tree must be drawn again when the server's answer has changed.
import type { Tree } from './protocol';

export interface Shown {
  /** What the rows were asked with, as one text: document, model, mode, filter. */
  readonly parameters: string;
  readonly tree: Tree | undefined;
}

/** The ids of the rows whose boxes differ, or all where the rows themselves may. */
export function changedRows(before: Shown | undefined, after: Shown): 'all' | readonly string[] {
  if (before?.parameters !== after.parameters) return 'all';
  const [one, other] = [before.tree, after.tree];
  if (one?.revision !== other?.revision || one?.editable !== other?.editable) return 'all';
  // Each row but those of groups has the query it stands for as its id.
  const asked = new Set(one?.queries);
  const asks = new Set(other?.queries);
  return [...asked, ...asks].filter((query) => asked.has(query) !== asks.has(query));
}
