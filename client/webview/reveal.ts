// The way from the top down to a node or a group: which groups must be open for it to be seen.
import { childId } from './layout';
import type { Model } from './model';

export interface WayTo {
  /** The groups and folded runs to open, from the top. */
  readonly groups: readonly string[];
  /** The id of its card, which differs from its path where a group has the same. */
  readonly id: string;
  /** The level it is in, and whether that level hides it at first. */
  readonly level: string;
  readonly quiet: boolean;
}

export async function wayTo(path: string, model: Model): Promise<WayTo | undefined> {
  const { levels } = model;
  const groups: string[] = [];
  for (let here = ''; ; ) {
    await model.need([here]);
    const level = levels.get(here);
    if (!level) return undefined;
    const ids = level.names.map((_, at) => childId(level, at));
    const own = ids.findIndex((id) => id === path || id === `${path}\0`);
    const id = ids[own];
    if (id !== undefined) return { groups, id, level: here, quiet: level.quiet[own] === '1' };
    const holds = (group: string): boolean => path.startsWith(`${group}.`);
    let next = ids.find((group, at) => level.kinds[at] === 'g' && holds(group));
    const runs = ids.filter((_, at) => level.runs[at]);
    if (next === undefined && runs.length > 0) {
      await model.need(runs);
      next = runs.find((run) => {
        const members = levels.get(run);
        return members?.names.some((_, at) => childId(members, at) === path || holds(childId(members, at)));
      });
    }
    if (next === undefined) return undefined;
    groups.push(next);
    here = next;
  }
}
