// The graph view's page: what is open, where one looks, and who is asked for the rest.
import type { Graph, GraphNodeDetails } from '../src/wire';
import { Bar } from './bar';
import type { Marks } from './cards';
import { Details } from './details';
import { html, svg } from './elements';
import { drawAll, toPng } from './export';
import { type FileGraphs, fileHost } from './file';
import { scaleFont } from './font';
import { extensionHost, type FromPage, type Host, type Where } from './messages';
import { Model } from './model';
import { type Place, Places } from './places';
import { listenTo } from './pointer';
import { wayTo } from './reveal';
import { Search } from './search';
import { Strip } from './strip';
import { Viewport } from './viewport';
import { Way } from './way';

const SAVE_DELAY = 100;

class Page {
  #graph: Graph | undefined;
  #where: Where = { uri: '' };
  readonly #model: Model;
  #places: Places | undefined;
  #current: string | null = null;
  /** Until the first picture: what was remembered holds for that one, however many answers without a model come before. */
  #restored = '';
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
    this.#model = new Model(host);
    this.#bar = new Bar({
      mode: (mode) => this.#send({ type: 'view', mode, open: [...this.#model.open] }),
      find: () => void this.#search.start(),
      step: (by) => void this.#search.step(by),
      zoom: (factor) => this.#view.zoom(factor),
      home: () => this.#view.home(),
      fold: () => {
        this.#model.fold();
        this.#lay([]);
        this.#view.home();
      },
      quiet: () => {
        this.#model.allQuiet = !this.#model.allQuiet;
        this.#lay([this.#current]);
      },
      ...(host.connected ? { save: () => this.#send({ type: 'save' }) } : {}),
      leave: () => this.#focusCurrent(),
    });
    this.#strip = new Strip((position) => {
      const place = this.#places?.holding(position);
      if (place) this.#view.reveal(place, true);
    });
    this.#search = new Search(this.#bar, {
      ask: (text) => host.ask('find', { text, open: ['', ...this.#model.open] }),
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
      this.#model.open = new Set(state.open);
      this.#model.quiet = new Set(state.quiet);
      this.#current = state.current;
      this.#restored = state.title;
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
    const page = this;
    listenTo(this.#picture, {
      get places() {
        return page.#places;
      },
      get current() {
        return page.#place(page.#current);
      },
      select: (id, focus) => this.#select(id, focus),
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
      this.#showBar();
      return;
    }
    const same = before?.revision === graph.revision && before?.mode === graph.mode;
    this.#graph = same ? { ...graph, levels: {}, strip: graph.strip || before.strip } : graph;
    document.body.classList.toggle('stale', graph.state === 'stale');
    this.#empty.textContent = graph.className ? '' : (graph.message ?? '').replaceAll('`', '');
    this.#showBar();
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
    const fresh = another && this.#restored !== graph.className;
    this.#restored = '';
    this.#model.take(graph, fresh);
    if (fresh) this.#current = null;
    this.#search.forget();
    this.#strip.show(graph.strip, graph.nodes);
    this.#lay(another ? [] : [this.#current, ...this.#inSight()], true);
    if (fresh) this.#view.home();
    else this.#view.place();
    if (this.#current !== null) void this.#look(this.#current);
    else this.#footer.show(null, null);
    if (this.#bar.text) void this.#search.start();
  }

  #showBar(): void {
    const { hasQuiet: any, allQuiet: shown } = this.#model;
    if (this.#graph) this.#bar.show(this.#graph, { any, shown });
  }

  /** The boxes that are in sight, from top to bottom. */
  *#inSight(): Generator<string> {
    const { y, k, height } = this.#view;
    for (const place of this.#places?.all ?? [])
      if (place.y + place.box.h > y && place.y < y + height / k) yield place.box.id;
  }

  /** Lay out again; the first of `anchors` that is there before and after stays where it is on the screen. */
  #lay(anchors: Iterable<string | null>, fresh = false): void {
    const before = [...anchors].map((id) => this.#place(id));
    const root = this.#model.layOut();
    if (!root) return;
    this.#places = new Places(root);
    for (const old of before) {
      const now = this.#place(old?.box.id ?? null);
      if (!old || !now) continue;
      this.#view.x += now.x + now.box.port - old.x - old.box.port;
      this.#view.y += now.y - old.y;
      break;
    }
    this.#view.near = this.#current;
    this.#view.show(this.#places, fresh);
    this.#showBar();
    this.#marked();
  }

  /** Marks have changed: of queries, hits, or the current node. */
  #marked(): void {
    const { queries = [] } = this.#graph ?? {};
    const asked = queries.flatMap(({ at }) => (at === null ? [] : [at]));
    const place = this.#place(this.#current);
    const current = place ? (place.parent.level.starts[place.box.number] ?? null) : null;
    this.#strip.mark({ asked, hits: this.#search.result?.positions ?? [], current });
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
    if (this.#model.open.has(id)) {
      this.#model.open.delete(id);
      // What is inside of it stays open, for the next time.
      const place = this.#place(id);
      this.#lay([place?.box.id ?? id]);
      if (place && this.#current !== null && !this.#place(this.#current)) this.#select(place.box.id, true);
    } else {
      await this.#model.openChain(id, this.#places?.all.length ?? 0);
      this.#lay([id]);
    }
    this.#focusCurrent();
    void this.#search.recount();
  }

  /** Open the way to a node or a group, and make it the current one. */
  async reveal(path: string, focus = false): Promise<void> {
    const way = await wayTo(path, this.#model);
    if (!way) return;
    const { groups, id } = way;
    const hidden = way.quiet && !this.#model.allQuiet && !this.#model.quiet.has(way.level);
    const closed = groups.filter((group) => !this.#model.open.has(group));
    for (const group of closed) this.#model.open.add(group);
    if (hidden) this.#model.quiet.add(way.level);
    if (closed.length > 0 || hidden) this.#lay([]);
    this.#select(id, focus);
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

  /** Remember where one is, now and then while one moves: with thousands of open groups that is not work for each frame. */
  #save(): void {
    if (this.#saving || !this.#graph?.className) return;
    this.#saving = true;
    setTimeout(() => {
      this.#saving = false;
      const { x, y, k } = this.#view;
      const open = [...this.#model.open];
      const quiet = [...this.#model.quiet];
      const { mode = null, className: title = '' } = this.#graph ?? {};
      this.host.remember({ ...this.#where, title, mode, open, quiet, current: this.#current, x, y, k });
      const told = open.join('\n');
      if (told === this.#told) return;
      this.#told = told;
      this.#send({ type: 'opened', open });
    }, SAVE_DELAY);
  }
}

const embedded = document.getElementById('fxlens-graphs')?.textContent;
const host = extensionHost() ?? (embedded ? fileHost(JSON.parse(embedded) as FileGraphs) : undefined);
if (host) new Page(host);
