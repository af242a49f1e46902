// The graph view: laying out against dagre and elkjs, with the same boxes and edges; and its page in a browser.
//
// Layout: processor time of this process, everything open, in one run. dagre lays out level by level, as we do; elkjs
// the same. Page: Chromium shows a model of 50 000 nodes of which it is sent one level at a time, as in VS Code.
//
//     npm run bench -- graph [--fast]     (--fast leaves out what takes the rivals minutes)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dagre from '@dagrejs/dagre';
import ELK from 'elkjs/lib/elk.bundled.js';
import { build } from 'esbuild';
import { chromium as browsers } from 'playwright-core';
import { pageBuild } from '../../scripts/lib/bundle.mjs';
import { wholeChromium } from '../../scripts/lib/chromium.mjs';
import { ROOT, VENV_PYTHON } from '../../scripts/lib/paths.mjs';
import { runMain } from '../../scripts/lib/say.mjs';

const FAST = process.argv.includes('--fast');
/** Rivals take minutes for a DenseNet. */
const SLOW = new Set(['densenet201']);
const FRAMES = 240;

/** @typedef {{ name: string, nodes: number, className: string, strip: string, opened: string[], levels: Record<string, any>,
 *   server: { first: number, p95: number, most: number } }} Sample */

/** @returns {Sample[]} */
function samples() {
  const made = spawnSync(VENV_PYTHON, [join(ROOT, 'tests', 'bench', 'graph_levels.py')], {
    encoding: 'utf8',
    maxBuffer: 1e9,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return made.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** @param {() => unknown} work @returns {Promise<number>} milliseconds of the processor */
async function processor(work) {
  const begin = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

/**
 * The levels that are drawn, each as boxes of a size and pairs of their numbers.
 * @param {any} inside @returns {{ boxes: { w: number, h: number }[], edges: [number, number][] }[]}
 */
function plain(inside) {
  const numbers = new Map(inside.boxes.map((/** @type {any} */ box, /** @type {number} */ at) => [box, at]));
  const edges = inside.edges.flatMap((/** @type {any} */ { source, reader }) =>
    source && reader ? [[numbers.get(source), numbers.get(reader)]] : [],
  );
  const inner = inside.boxes.flatMap((/** @type {any} */ box) => (box.inside ? plain(box.inside) : []));
  return [{ boxes: inside.boxes, edges }, ...inner];
}

/** @param {ReturnType<typeof plain>[number]} level */
function layOutByDagre({ boxes, edges }) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ ranker: 'longest-path' });
  graph.setDefaultEdgeLabel(() => ({}));
  boxes.forEach(({ w, h }, at) => {
    graph.setNode(String(at), { width: w, height: h });
  });
  for (const [source, reader] of edges) graph.setEdge(String(source), String(reader));
  dagre.layout(graph);
}

const elk = new ELK();
/** @param {ReturnType<typeof plain>[number]} level */
function layOutByElk({ boxes, edges }) {
  return elk.layout({
    id: 'root',
    layoutOptions: { 'elk.algorithm': 'layered', 'elk.direction': 'DOWN' },
    children: boxes.map(({ w, h }, at) => ({ id: String(at), width: w, height: h })),
    edges: edges.map(([source, reader], at) => ({
      id: `e${at}`,
      sources: [String(source)],
      targets: [String(reader)],
    })),
  });
}

/** @param {Sample[]} all @param {string} folder */
async function layouts(all, folder) {
  const file = join(folder, 'layout.mjs');
  const entry = join(ROOT, 'client', 'webview', 'layout.ts');
  await build({ entryPoints: [entry], outfile: file, bundle: true, format: 'esm', platform: 'node' });
  const { layOut } = await import(file);
  console.log('\nLayout, everything open, processor ms (own: warm, best of five means; budget 15 per 1000 boxes)');
  console.log(`  ${'model'.padEnd(16)}   boxes   edges       own  per 1000 boxes      dagre      elkjs  overlaps`);
  for (const { name, levels } of all) {
    const map = new Map(Object.entries(levels));
    const shown = { levels: map, open: new Set(map.keys()), quiet: () => false };
    const root = layOut(shown);
    const rounds = Math.max(3, Math.round(20_000 / map.size / 10));
    for (let round = 0; round < rounds; round++) layOut(shown);
    const means = [];
    for (let times = 0; times < 5; times++)
      means.push((await processor(() => Array.from({ length: rounds }, () => layOut(shown)))) / rounds);
    const own = Math.min(...means);
    const parts = plain(root);
    const boxes = parts.reduce((sum, part) => sum + part.boxes.length, 0);
    const edges = parts.reduce((sum, part) => sum + part.edges.length, 0);
    const rivals = !name.includes('nodes') && !(FAST && SLOW.has(name));
    const byDagre = rivals ? await processor(() => parts.forEach(layOutByDagre)) : undefined;
    const byElk = rivals ? await processor(async () => Promise.all(parts.map(layOutByElk))) : undefined;
    const cells = [own.toFixed(1).padStart(9), ((own / boxes) * 1000).toFixed(1).padStart(15)];
    const others = [byDagre, byElk].map((ms) => (ms ? `${Math.round(ms / own)}×` : '–').padStart(10));
    const sizes = [String(boxes).padStart(7), String(edges).padStart(7)];
    console.log(`  ${name.padEnd(16)} ${sizes.join(' ')} ${cells.join(' ')} ${others.join(' ')} ${overlaps(parts)}`);
  }
}

/** @param {ReturnType<typeof plain>} parts */
function overlaps(parts) {
  let count = 0;
  for (const { boxes } of parts) {
    const sorted = /** @type {any[]} */ ([...boxes]).sort((one, other) => one.y - other.y);
    sorted.forEach((one, at) => {
      for (let next = at + 1; next < sorted.length && sorted[next].y < one.y + one.h; next++)
        if (one.x < sorted[next].x + sorted[next].w && sorted[next].x < one.x + one.w) count++;
    });
  }
  return String(count).padStart(9);
}

/** What VS Code is to the page, with the levels of a model that it answers from. Runs in the page. */
const HOST = `
  window.violations = 0;
  document.addEventListener('securitypolicyviolation', () => window.violations++);
  window.begun = performance.now();
  const look = () => {
    if (document.querySelector('.card')) requestAnimationFrame(() => setTimeout(() => (window.painted = performance.now())));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  window.acquireVsCodeApi = () => ({
    getState: () => undefined,
    setState: () => undefined,
    postMessage: async (message) => {
      const answer = await window.answer(JSON.stringify(message));
      if (answer) window.postMessage(JSON.parse(answer));
    },
  });
`;

/**
 * One figure beside its budget.
 * @param {string} what @param {number} value @param {number} budget @param {string} unit @param {string} [detail]
 */
function figure(what, value, budget, unit, detail = '') {
  const verdict = value <= budget ? '' : '  MISSED';
  const number = value.toFixed(value < 10 ? 1 : 0);
  console.log(
    `  ${what.padEnd(46)} ${number.padStart(6)} ${unit} (budget ${budget})${verdict}${detail && `  ${detail}`}`,
  );
}

/** @param {Sample[]} all */
function serverTimes(all) {
  console.log('Server, processor ms: the first answer, a further level (p95, the longest)');
  for (const { name, server, nodes } of all) {
    const large = nodes > 5_000;
    const detail = `further levels ${server.p95.toFixed(1)}, ${server.most.toFixed(1)} (budget ${large ? 50 : 2})`;
    figure(name, server.first, large ? 500 : 150, 'ms', detail);
  }
}

/** @param {Sample} sample @param {string} folder */
async function page(sample, folder) {
  await build({ ...pageBuild(true), outdir: folder });
  const [script = '', style, colours] = ['picture.js', 'picture-style.css', 'picture-file.css'].map((name) =>
    readFileSync(join(folder, name), 'utf8'),
  );
  console.log(`\nPage of ${sample.name}`);
  figure('bundle', script.length / 1024, 40, 'KB');
  const file = join(folder, 'page.html');
  const policy = `default-src 'none'; script-src 'nonce-bench'; style-src 'nonce-bench'; img-src data:`;
  const head = `<!doctype html><html lang="en"><meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}"><style nonce="bench">${colours}${style}</style>`;
  const scripts = [HOST, script].map((text) => `<script nonce="bench">${text}</script>`);
  writeFileSync(file, `${head}<body>${scripts.join('')}`);
  const executablePath = await wholeChromium();
  const args = ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info', '--js-flags=--expose-gc'];
  const browser = await browsers.launch({ executablePath, args });
  try {
    const shown = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    shown.on('pageerror', (error) => console.log(error.message));
    const empty = await heapOf(shown);
    await shown.exposeFunction('answer', (/** @type {string} */ text) => answer(sample, JSON.parse(text)));
    const first = await painted(shown, file);
    figure('request to painted, page and server', first + sample.server.first, 500, 'ms');
    figure('heap beyond an empty page', (await heapOf(shown)) - empty, 10, 'MB');
    const opened = [];
    for (let times = 0; times < 20; times++) opened.push(await shown.evaluate(openGroup, times % 3));
    figure('open a group p95, page and server', quantile(opened, 0.95) + sample.server.p95, 100, 'ms');
    figure('shown again', await painted(shown, `${file}?again`), 300, 'ms');
    // From here on all is open: the page begins anew, and is given everything.
    sample.opened = Object.keys(sample.levels);
    await painted(shown, `${file}?all`);
    for (const [what, zoom] of /** @type {const} */ ([
      ['pan', 0],
      ['zoom', 1],
    ])) {
      const runs = [];
      for (let run = 0; run < 3; run++) runs.push(await shown.evaluate(move, { frames: FRAMES, zoom }));
      const [best] = runs.sort((a, b) => quantile(a.gaps, 0.95) - quantile(b.gaps, 0.95));
      if (!best) continue;
      figure(`${what}: frame gap p50, best of three runs`, quantile(best.gaps, 0.5), 17, 'ms');
      figure(`${what}: frame gap p95`, quantile(best.gaps, 0.95), 34, 'ms');
      figure(`${what}: script per frame p95`, quantile(best.cpu, 0.95), 2, 'ms');
      if (!zoom) figure('elements at zoom 1', best.elements, 500, '  ');
    }
    figure('violations of the policy', await shown.evaluate(() => /** @type {any} */ (window).violations), 0, '  ');
  } finally {
    await browser.close();
  }
}

/**
 * From the page's script to the first picture.
 * @param {import('playwright-core').Page} shown @param {string} file @returns {Promise<number>} milliseconds
 */
async function painted(shown, file) {
  await shown.goto(`file://${file}`);
  await shown.waitForFunction(() => /** @type {any} */ (window).painted);
  return shown.evaluate(() => {
    const { painted: end, begun } = /** @type {any} */ (window);
    return end - begun;
  });
}

/** @param {import('playwright-core').Page} shown */
async function heapOf(shown) {
  return shown.evaluate(() => {
    const { gc } = /** @type {any} */ (window);
    gc?.();
    return /** @type {any} */ (performance).memory.usedJSHeapSize / 1e6;
  });
}

/** @param {Sample} sample @param {any} message */
function answer({ className, nodes, strip, opened, levels }, message) {
  const chosen = (/** @type {string[]} */ ids) => Object.fromEntries(ids.map((id) => [id, levels[id]]));
  if (message.type === 'ready') {
    const known = { state: 'ready', message: null, model: 'net()', className, dialect: 'torchvision', revision: 1 };
    const view = { modes: ['eval'], mode: 'eval', differ: false, editable: true, position: null, query: null };
    const graph = {
      ...known,
      ...view,
      queries: [],
      nodes,
      parameters: 0,
      strip,
      opened,
      levels: chosen(['', ...opened]),
    };
    return JSON.stringify({ type: 'graph', graph, where: { uri: '' } });
  }
  if (message.type !== 'ask') return null;
  const value =
    message.method === 'levels' ? { revision: 1, stale: false, levels: chosen(message.parameters.paths) } : null;
  return JSON.stringify({ type: 'answer', number: message.number, value });
}

/** Runs in the page: open one of the groups that are closed. @param {number} which @returns {Promise<number>} */
async function openGroup(which) {
  const closed = document.querySelectorAll('.card[aria-expanded="false"]');
  const element = closed[which] ?? closed[0];
  const id = element?.getAttribute('data-id');
  if (!element || !id) throw new Error('no closed group');
  const begin = performance.now();
  element.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await new Promise((done) => {
    const look = () => {
      const open = [...document.querySelectorAll('.frame')].some((one) => one.getAttribute('data-id') === id);
      if (open) requestAnimationFrame(() => setTimeout(done));
      else setTimeout(look, 1);
    };
    look();
  });
  return performance.now() - begin;
}

/** Runs in the page. @param {{ frames: number, zoom: number }} options */
async function move({ frames, zoom }) {
  const picture = document.querySelector('#picture');
  if (!picture) throw new Error('no picture');
  const gaps = [];
  const cpu = [];
  let last = performance.now();
  for (let frame = 0; frame < frames; frame++) {
    await new Promise((done) => requestAnimationFrame(done));
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    const deltaY = zoom ? (frame < frames / 2 ? 12 : -12) : 40;
    picture.dispatchEvent(
      new WheelEvent('wheel', {
        deltaY,
        ctrlKey: zoom > 0,
        bubbles: true,
        cancelable: true,
        clientX: 400,
        clientY: 400,
      }),
    );
    cpu.push(performance.now() - now);
  }
  return { gaps: gaps.slice(2), cpu, elements: picture.querySelectorAll('*').length };
}

/** @param {number[]} values @param {number} part */
function quantile(values, part) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0;
}

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-bench-graph-'));
  try {
    const all = samples();
    serverTimes(all);
    await layouts(all, folder);
    const largest = all.at(-1);
    if (largest) await page(largest, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
