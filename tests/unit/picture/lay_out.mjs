// The page's own layout of what standard input holds, in numbers: for the comparison with the Python one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = mkdtempSync(join(tmpdir(), 'fxlens-layout-'));
try {
  const outfile = join(folder, 'layout.cjs');
  const webview = fileURLToPath(new URL('../../../client/webview/', import.meta.url));
  const contents = "export { layOut } from './layout'; export { lineOf } from './edges';";
  const stdin = { contents, resolveDir: webview, loader: /** @type {const} */ ('ts') };
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs' });
  const { layOut, lineOf } = createRequire(import.meta.url)(outfile);
  const numbers = (/** @type {any} */ { id, w, h, port, boxes, edges }) => ({
    size: [id, w, h, port],
    boxes: boxes.map((/** @type {any} */ box) => [
      ...[box.id, box.x, box.y, box.w, box.h, box.port],
      box.inside ? numbers(box.inside) : null,
    ]),
    edges: edges.map((/** @type {any} */ edge) => [
      ...[edge.source?.id ?? null, edge.reader?.id ?? null, edge.mark, edge.back],
      ...[edge.x1, edge.y1, edge.x2, edge.y2, edge.route, edge.turn, edge.route === 'lane' ? edge.lane : null],
      lineOf(edge, 7, 11),
    ]),
  });
  const samples = JSON.parse(readFileSync(0, 'utf8'));
  const answers = samples.map((/** @type {any} */ { levels, open, quiet }) =>
    numbers(layOut({ levels: new Map(Object.entries(levels)), open: new Set(open), quiet: () => quiet })),
  );
  process.stdout.write(JSON.stringify(answers));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
