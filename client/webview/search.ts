// What is found in the whole model, also where it is closed, and which hit one is at.
import type { GraphFound } from '../src/wire';
import type { Bar } from './bar';

interface Searched {
  ask(text: string): Promise<GraphFound>;
  go(path: string): Promise<void>;
  changed(): void;
}

export class Search {
  result: GraphFound | undefined;
  #names = new Set<string>();
  #at = -1;
  #text = '';

  constructor(
    private readonly bar: Bar,
    private readonly searched: Searched,
  ) {}

  /** How many hits a box is, or holds. */
  hits(id: string, name: string): number {
    return this.result?.under[id] ?? (this.#names.has(name) ? 1 : 0);
  }

  async start(): Promise<void> {
    this.#at = -1;
    this.#text = this.bar.text;
    if (this.bar.text) {
      this.result ??= { total: 0, paths: [], positions: [], under: {} };
      await this.recount();
      this.#say(this.result.total ? this.result.total.toLocaleString('en') : 'none');
      return;
    }
    this.forget();
    this.#say('');
    this.searched.changed();
  }

  forget(): void {
    this.result = undefined;
    this.#names.clear();
  }

  /** Ask again: other groups are open, on which hits are counted. */
  async recount(): Promise<void> {
    const { text } = this.bar;
    if (!text || !this.result) return;
    const result = await this.searched.ask(text);
    if (text !== this.bar.text) return;
    this.result = result;
    this.#names = new Set(result.paths);
    this.searched.changed();
  }

  async step(by: number): Promise<void> {
    // Enter may come before the search for what was typed last has begun.
    if (!this.result || this.#text !== this.bar.text) await this.start();
    const { paths, total } = this.result ?? { paths: [], total: 0 };
    if (paths.length === 0) return;
    const first = this.#at < 0 && by < 0 ? 0 : this.#at;
    this.#at = (first + by + paths.length) % paths.length;
    this.#say(`${this.#at + 1} of ${total.toLocaleString('en')}`);
    await this.searched.go(paths[this.#at] ?? '');
    await this.recount();
  }

  #say(text: string): void {
    this.bar.count(text);
  }
}
