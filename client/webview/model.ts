// What of the model is known to the page, which groups are open, and which levels show their quiet nodes.
import type { Graph, Level } from '../src/wire';
import { childId, type Inside, layOut } from './layout';
import type { Host } from './messages';

/** More boxes than this are not opened at once. */
const MOST_BOXES = 60_000;

export class Model {
  readonly levels = new Map<string, Level>();
  open = new Set<string>();
  quiet = new Set<string>();
  allQuiet = false;

  constructor(private readonly host: Host) {}

  /** Take another graph; `fresh` if nothing of what was open is in it. */
  take(graph: Graph, fresh: boolean): void {
    this.levels.clear();
    this.#add(graph.levels);
    if (fresh) {
      this.open.clear();
      this.quiet.clear();
    }
    for (const id of graph.opened) this.open.add(id);
  }

  layOut(): Inside | undefined {
    const { levels, open } = this;
    return layOut({ levels, open, quiet: (id) => this.allQuiet || this.quiet.has(id) });
  }

  /** Whether there is anything that only a press of the button shows. */
  get hasQuiet(): boolean {
    let any = this.allQuiet;
    for (const level of this.levels.values()) any ||= level.quiet.includes('1');
    return any;
  }

  fold(): void {
    this.open.clear();
    this.quiet.clear();
    this.allQuiet = false;
  }

  /** Open a group and, as long as each holds nothing but one other group, those. */
  async openChain(id: string, boxes: number): Promise<void> {
    for (let next: string | undefined = id; next !== undefined && boxes <= MOST_BOXES; ) {
      await this.need([next]);
      this.open.add(next);
      const level = this.levels.get(next);
      const shown = level?.names.map((_, at) => at).filter((at) => level.quiet[at] !== '1') ?? [];
      const [only] = shown;
      next = level && only !== undefined && !shown[1] && level.kinds[only] === 'g' ? childId(level, only) : undefined;
    }
  }

  /** Levels that are not known are requested. */
  async need(ids: readonly string[]): Promise<void> {
    const paths = ids.filter((id) => !this.levels.has(id));
    if (paths.length > 0) this.#add((await this.host.ask('levels', { paths })).levels);
  }

  #add(levels: Graph['levels']): void {
    for (const [id, level] of Object.entries(levels)) this.levels.set(id, level);
  }
}
