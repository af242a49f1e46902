// The graph view's page: what is open, where one looks, and who is asked for the rest.
import type { Graph, GraphNodeDetails, Level, ShownMode } from '../src/wire';
import { Bar } from './bar';
import type { Marks } from './cards';
import { Details } from './details';
import { html, svg } from './elements';
import { drawAll, toPng } from './export';
import { type FileGraphs, fileHost } from './file';
import { scaleFont } from './font';
import { handleKey } from './keys';
import { childId, layOut } from './layout';
import { extensionHost, type FromPage, type Host, type ViewState, type Where } from './messages';
import { type Place, Places } from './places';
import { wayTo } from './reveal';
import { Search } from './search';
import { Strip } from './strip';
import { Viewport } from './viewport';
import { Way } from './way';

/** More boxes than this are not opened at once. */
const MOST_BOXES = 60_000;

class Page {
  #graph: Graph | undefined;
  #where: Where = { uri: '' };
  readonly #levels = new Map<string, Level>();
  #open = new Set<string>();
  #quiet = new Set<string>();
  #allQuiet = false;
  #places: Places | undefined;
  #current: string | null = null;
  #details: GraphNodeDetails | null = null;
  #linked = new Set<string>();
  #history: string[] = [];
  #saving = false;
  #told: string | undefined;
  readonly #view: Viewport;
  readonly #bar: Bar;
  readonly #search: Search;
  readonly #strip: Strip;
  readonly #footer: Details;
  readonly #way = new Way((id) => void this.reveal(id, true));
  readonly #empty = html('div', { class: 'empty' });
  readonly #picture = svg('svg', { id: 'picture', role: 'tree', 'aria-label': 'Model graph' });

  constructor(private readonly host: Host) {
    this.#bar = new Bar({
      mode: (mode) => this.#send({ type: 'view', mode, open: [...this.#open] }),
      find: () => void this.#search.start(),
      step: (by) => void this.#search.step(by),
      zoom: (factor) => this.#view.zoom(factor),
      home: () => this.#view.home(),
      fold: () => this.#fold(),
      quiet: () => {
        this.#allQuiet = !this.#allQuiet;
        this.#lay(this.#current);
      },
      ...(host.connected ? { save: () => this.#send({ type: 'save' }) } : {}),
      leave: () => this.#focusCurrent(),
    });
    this.#strip = new Strip((position) => {
      const place = this.#places?.holding(position);
      if (place) this.#view.reveal(place, true);
    });
    this.#search = new Search(this.#bar, {
      ask: (text) => host.ask('find', { text, open: ['', ...this.#open] }),
      go: (path) => this.reveal(path),
      changed: () => this.#marked(),
    });
    const open = host.connected ? (path: string) => this.#act('source', path) : undefined;
    this.#footer = new Details((path) => void this.reveal(path), open);
    document.body.append(
      this.#bar.element,
      html('main', {}, this.#picture, this.#way.element, this.#empty, this.#strip.element),
      this.#footer.element,
    );
    this.#view = new Viewport(
      this.#picture,
      (id, place) => this.#marks(id, place),
      () => this.#moved(),
    );
    this.#footer.show(null, null);
    this.#listen();
    scaleFont(document.documentElement);
    const { state } = host;
    if (state) {
      this.#open = new Set(state.open);
      this.#quiet = new Set(state.quiet);
      this.#current = state.current;
      Object.assign(this.#view, { x: state.x, y: state.y, k: state.k });
    }
    host.send({ type: 'ready', state });
  }

  #send(message: FromPage): void {
    this.host.send(message);
  }

  #listen(): void {
    this.host.listen((message) => {
      if (message.type === 'graph') this.show(message.graph, message.where);
      else if (message.type === 'reveal') void this.reveal(message.path, message.focus);
      else if (message.type === 'draw') void this.#draw(message.kind);
      else if (message.type === 'do' && this.#current !== null) {
        if (message.action === 'toggle') this.#toggleQuery(this.#current);
        else this.#act(message.action, this.#current);
      }
    });
    this.#picture.addEventListener('click', (event) => this.#click(event));
    this.#picture.addEventListener('dblclick', (event) => {
      const id = idOf(event.target);
      if (id !== undefined && !this.#isGroup(id)) this.#act('source', id);
    });
    this.#picture.addEventListener('focusin', (event) => {
      const id = idOf(event.target);
      if (id !== undefined && id !== this.#current) this.#select(id, false);
    });
    this.#picture.addEventListener('contextmenu', (event) => {
      const id = idOf(event.target);
      if (id !== undefined) this.#select(id, true);
    });
    addEventListener('keydown', (event) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLButtonElement) {
        const wanted = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f';
        if (!wanted && event.key !== 'Escape') return;
      }
      const page = this;
      const ours = handleKey(event, {
        places: this.#places,
        get current() {
          return page.#place(page.#current);
        },
        select: (id) => this.#select(id, true),
        toggleOpen: (id) => void this.#toggleOpen(id),
        toggleQuery: (id) => this.#toggleQuery(id),
        act: (action, id) => this.#act(action, id),
        follow: (direction) => void this.#follow(direction),
        zoom: (factor) => this.#view.zoom(factor),
        home: () => this.#view.home(),
        find: () => this.#bar.focus(),
        step: (by) => void this.#search.step(by),
        back: () => this.#back(),
      });
      if (ours) event.preventDefault();
    });
  }

  #click(event: MouseEvent): void {
    const target = event.target as Element;
    const id = idOf(target);
    if (id === undefined) return;
    if (target.closest('.tick')) {
      this.#toggleQuery(id);
      return;
    }
    const segment = target.closest('[data-segment]')?.getAttribute('data-segment');
    this.#select(id, true);
    if (this.#isGroup(id)) void this.#toggleOpen(segment ?? id);
  }

  #isGroup(id: string): boolean {
    const place = this.#place(id);
    return place?.parent.level.kinds[place.box.number] === 'g';
  }

  #place(id: string | null): Place | undefined {
    return id === null ? undefined : this.#places?.get(id);
  }

  /** Another graph, or another state of the one that is shown. */
  show(graph: Graph, where: Where): void {
    const before = this.#graph;
    this.#where = where;
    if (!graph.className && before?.className && graph.state === 'pending' && where.uri) {
      // What was read before stays in sight while it is read again.
      this.#graph = { ...before, state: 'stale', message: null };
      document.body.classList.add('stale');
      this.#bar.show(this.#graph, this.#quietState());
      return;
    }
    const same = before?.revision === graph.revision && before?.mode === graph.mode;
    this.#graph = same ? { ...graph, levels: {}, strip: graph.strip || before.strip } : graph;
    document.body.classList.toggle('stale', graph.state === 'stale');
    this.#empty.textContent = graph.className ? '' : (graph.message ?? '').replaceAll('`', '');
    this.#bar.show(this.#graph, this.#quietState());
    if (!graph.className) {
      this.#places = undefined;
      this.#picture.toggleAttribute('hidden', true);
      return;
    }
    this.#picture.toggleAttribute('hidden', false);
    if (same && this.#places) {
      this.#marked();
      return;
    }
    const another = before?.className !== graph.className;
    this.#levels.clear();
    for (const [id, level] of Object.entries(graph.levels)) this.#levels.set(id, level);
    if (another && (before || !this.host.state)) {
      this.#open = new Set(graph.opened);
      this.#quiet.clear();
      this.#current = null;
    } else for (const id of graph.opened) this.#open.add(id);
    this.#search.forget();
    this.#strip.show(graph.strip, graph.nodes);
    this.#bar.show(graph, this.#quietState());
    const restored = this.host.state && !before;
    this.#lay(another ? null : this.#current, true);
    if (another && !restored) this.#view.home();
    else this.#view.place();
    if (this.#current !== null) void this.#look(this.#current);
    else this.#footer.show(null, null);
    if (this.#bar.text) void this.#search.start();
  }

  #quietState() {
    let any = this.#allQuiet;
    for (const level of this.#levels.values()) any ||= level.quiet.includes('1');
    return { any, shown: this.#allQuiet };
  }

  /** Lay out again; the box `anchor` stays where it is on the screen. */
  #lay(anchor: string | null, fresh = false): void {
    const before = this.#place(anchor);
    const root = layOut({
      levels: this.#levels,
      open: this.#open,
      quiet: (id) => this.#allQuiet || this.#quiet.has(id),
    });
    if (!root) return;
    this.#places = new Places(root);
    const after = this.#place(anchor);
    if (before && after) {
      this.#view.x += after.x + after.box.port - before.x - before.box.port;
      this.#view.y += after.y - before.y;
    }
    this.#view.near = this.#current;
    this.#view.show(this.#places, fresh);
    if (this.#graph) this.#bar.show(this.#graph, this.#quietState());
    this.#marked();
  }

  /** Marks have changed: of queries, hits, or the current node. */
  #marked(): void {
    const { queries = [] } = this.#graph ?? {};
    const asked = queries.flatMap(({ at }) => (at === null ? [] : [at]));
    const place = this.#place(this.#current);
    const current = place ? (place.parent.level.starts[place.box.number] ?? null) : null;
    this.#strip.mark({ asked, hits: this.#search.found?.positions ?? [], current });
    this.#view.near = this.#current;
    this.#view.refresh();
    this.#save();
  }

  #marks(id: string, place: Place): Marks {
    const { queries = [], editable = false } = this.#graph ?? {};
    const titles = place.box.inside?.titles ?? [{ id }];
    const name = id.replace(/\0$/, '');
    const own = queries.filter(({ text }) => text === name || titles.some((title) => title.id === text));
    const chosen = queries.filter(({ selects, text }) => selects.includes(name) && text !== name);
    const warned = [...own, ...chosen].find(({ rule }) => rule);
    const hits = this.#search.hits(id, name);
    return {
      asked: own.length > 0,
      selected: chosen.length > 0,
      warning: warned ? (warned.message ?? warned.rule) : null,
      current: titles.some((title) => title.id === this.#current) || id === this.#current,
      linked: this.#linked.has(id),
      hits,
      editable: editable && !id.includes('\0'),
    };
  }

  #moved(): void {
    const places = this.#places;
    if (!places) return;
    const { x, y, k, width, height } = this.#view;
    this.#strip.view(...places.range(x, y, x + width / k, y + height / k));
    this.#way.show(places.root, this.#view);
    this.#save();
  }

  #select(id: string, focus: boolean): void {
    const place = this.#place(id);
    if (!place) return;
    if (this.#current !== null && this.#current !== id) this.#history.push(this.#current);
    this.#current = id;
    this.#view.near = id;
    this.#view.reveal(place);
    this.#marked();
    if (focus) this.#focusCurrent();
    void this.#look(id);
  }

  #focusCurrent(): void {
    const element = this.#current === null ? undefined : this.#view.elementOf(this.#current);
    element?.focus({ preventScroll: true });
  }

  /** Go to the first node that the current one reads, or that reads it; keys may come faster than answers. */
  async #follow(direction: 'reads' | 'readBy'): Promise<void> {
    const id = this.#current;
    if (id === null || /\0\d/.test(id)) return;
    const path = id.replace(/\0$/, '');
    const details = this.#details?.path === path ? this.#details : await this.host.ask('node', { path });
    const [next] = details?.[direction] ?? [];
    if (next) await this.reveal(next.path, true);
  }

  /** Ask what is known of a node, and show which nodes it truly reads: lines end at frames. */
  async #look(id: string): Promise<void> {
    if (/\0\d/.test(id)) {
      this.#details = null;
      this.#linked.clear();
      this.#footer.show(null, null);
      return;
    }
    const details = await this.host.ask('node', { path: id.replace(/\0$/, '') });
    if (this.#current !== id) return;
    this.#details = details;
    this.#linked = new Set(
      [...(details?.reads ?? []), ...(details?.readBy ?? [])].flatMap(
        ({ path }) => this.#standingFor(path)?.box.id ?? [],
      ),
    );
    const place = this.#place(id);
    this.#footer.show(details, place ? this.#marks(id, place).warning : null);
    this.#view.refresh();
  }

  /** The card of a node, or the closed group that it is in. */
  #standingFor(path: string): Place | undefined {
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('.'))) {
      const place = this.#places?.get(at) ?? this.#places?.get(`${at}\0`);
      if (place || !at.includes('.')) return place;
    }
  }

  async #toggleOpen(id: string): Promise<void> {
    if (this.#open.has(id)) {
      this.#open.delete(id);
      // What is inside of it stays open, for the next time.
      const place = this.#place(id);
      this.#lay(place?.box.id ?? id);
      if (place && this.#current !== null && !this.#place(this.#current)) this.#select(place.box.id, true);
    } else {
      await this.#openAll([id]);
      this.#lay(id);
    }
    this.#focusCurrent();
    void this.#search.recount();
  }

  /** Make groups open, with the only groups in them; their levels are asked for. */
  async #openAll(ids: readonly string[]): Promise<void> {
    await this.#need(ids);
    for (const id of ids) {
      if ((this.#places?.all.length ?? 0) > MOST_BOXES) return;
      this.#open.add(id);
      const level = this.#levels.get(id);
      if (!level) continue;
      const shown = level.names.map((_, at) => at).filter((at) => level.quiet[at] !== '1');
      const [only] = shown;
      if (shown.length !== 1 || only === undefined || level.kinds[only] !== 'g') continue;
      const inner = childId(level, only);
      await this.#openAll([inner]);
    }
  }

  async #need(ids: readonly string[]): Promise<void> {
    const paths = ids.filter((id) => !this.#levels.has(id));
    if (paths.length === 0) return;
    const { levels } = await this.host.ask('levels', { paths });
    for (const [id, level] of Object.entries(levels)) this.#levels.set(id, level);
  }

  /** Open the way to a node or a group, and make it the current one. */
  async reveal(path: string, focus = false): Promise<void> {
    const way = await wayTo(path, this.#levels, (ids) => this.#need(ids));
    if (!way) return;
    const { groups, id } = way;
    const hidden = way.quiet && !this.#allQuiet && !this.#quiet.has(way.level);
    const closed = groups.filter((group) => !this.#open.has(group));
    for (const group of closed) this.#open.add(group);
    if (hidden) this.#quiet.add(way.level);
    if (closed.length > 0 || hidden) this.#lay(null);
    this.#select(id, focus);
  }

  #fold(): void {
    this.#open.clear();
    this.#quiet.clear();
    this.#allQuiet = false;
    this.#lay(null);
    this.#view.home();
  }

  #back(): void {
    const last = this.#history.pop();
    if (last === undefined || last === this.#current) return;
    void this.reveal(last, true).then(() => this.#history.pop());
  }

  #toggleQuery(id: string): void {
    const { queries = [], editable } = this.#graph ?? {};
    const path = id.replace(/\0$/, '');
    if (!editable || path.includes('\0')) return;
    this.#send({ type: 'toggle', path, asked: !queries.some(({ text }) => text === path) });
  }

  #act(type: 'source' | 'tree' | 'copyName' | 'copyChain', id: string): void {
    const path = id.replace(/\0$/, '');
    if (!path.includes('\0')) this.#send({ type, path });
  }

  async #draw(kind: 'svg' | 'png'): Promise<void> {
    const places = this.#places;
    if (!places) return;
    const text = drawAll(places, (id, place) => this.#marks(id, place));
    const content = kind === 'svg' ? text : await toPng(text, places.root.w, places.root.h);
    this.#send({ type: 'picture', kind, content });
  }

  /** Remember where one is, at most once in a frame. */
  #save(): void {
    if (this.#saving || !this.#graph?.className) return;
    this.#saving = true;
    requestAnimationFrame(() => {
      this.#saving = false;
      const { x, y, k } = this.#view;
      const mode: ShownMode | null = this.#graph?.mode ?? null;
      const state: ViewState = {
        ...this.#where,
        mode,
        open: [...this.#open],
        quiet: [...this.#quiet],
        current: this.#current,
        x,
        y,
        k,
      };
      this.host.remember(state);
      const open = state.open?.join('\n');
      if (open === this.#told) return;
      this.#told = open;
      this.#send({ type: 'opened', open: state.open ?? [] });
    });
  }
}

function idOf(target: EventTarget | null): string | undefined {
  const element = target instanceof Element ? target.closest('[data-id]') : null;
  return element?.getAttribute('data-id') ?? undefined;
}

const embedded = document.getElementById('fxlens-graphs')?.textContent;
const host = extensionHost() ?? (embedded ? fileHost(JSON.parse(embedded) as FileGraphs) : undefined);
if (host) new Page(host);
