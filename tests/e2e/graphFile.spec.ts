// The graph view in a file: from disk, without a network, for the eye and for screen readers, in four themes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { ROOT, VENV_PYTHON } from '../../scripts/lib/paths.mjs';
import { readable, TEXT } from './lib/contrast';

/** What VS Code's own high-contrast themes give a page; light and dark are the file's own. */
const CONTRAST = {
  'high contrast': {
    ...{ 'editor-background': '#000000', 'editor-foreground': '#ffffff', focusBorder: '#f38518' },
    ...{ contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518', 'charts-green': '#89d185' },
    ...{ 'charts-blue': '#3794ff', 'charts-purple': '#b180d7', 'charts-red': '#f48771', 'charts-yellow': '#ffd370' },
  },
  'high contrast light': {
    ...{ 'editor-background': '#ffffff', 'editor-foreground': '#292929', focusBorder: '#006bbd' },
    ...{ contrastBorder: '#0f4a85', contrastActiveBorder: '#006bbd', 'charts-green': '#374e06' },
    ...{ 'charts-blue': '#1a85ff', 'charts-purple': '#652d90', 'charts-red': '#b5200d', 'charts-yellow': '#895503' },
  },
};
/** Each with something open: branches, long names, folded runs, a mode's own nodes. */
const MODELS: Record<string, readonly string[]> = {
  resnet50: ['resnet50()', '--open', 'layer1.0'],
  vit_b_16: ['vit_b_16()', '--open', 'encoder.layers.encoder_layer_0.mlp', '--naming', 'torchvision'],
  swin_v2_b: ['swin_v2_b()', '--open', 'features.1.0.attn', '--naming', 'torchvision'],
  densenet201: ['densenet201()', '--open', 'features.denseblock1.denselayer2'],
  googlenet: ['googlenet(init_weights=False)', '--open', 'inception3a', '--open', 'aux1.conv', '--mode', 'both'],
};

let folder = '';
test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fxlens-graph-'));
});
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The file of a model, written by the command when it is first opened. */
function file(name: string): string {
  const output = join(folder, `${name}.html`);
  if (existsSync(output)) return output;
  const [call = '', ...options] = MODELS[name] ?? [];
  const spec = `torchvision.models:${call}`;
  execFileSync(VENV_PYTHON, ['-m', 'fxlens', 'graph', spec, '-o', output, ...options], { cwd: ROOT, stdio: 'pipe' });
  return output;
}

async function open(page: Page, name: string): Promise<void> {
  await page.goto(`file://${file(name)}`);
  await page.locator('.card').first().waitFor();
}

test('from disk and offline it opens, finds and shows what a node reads', async ({ page, context }) => {
  await context.setOffline(true);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await open(page, 'resnet50');
  const group = page.locator('[data-id="layer1.0.downsample"]');
  await expect(group).toHaveAttribute('aria-expanded', 'false');
  await group.click({ position: { x: 40, y: 16 } });
  await expect(group).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('Control+f');
  await page.keyboard.type('downsample.1');
  await expect(page.locator('output')).toHaveText('4');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(page.locator('.current')).toHaveAttribute('data-id', 'layer2.0.downsample.1');
  await expect(page.locator('.details')).toContainText('layer2.0.downsample.0');
  const input = page.locator('[data-id="x"]');
  await page.getByRole('button', { name: 'Top' }).click();
  await expect(input).toBeInViewport();
  const top = (await input.boundingBox())?.y ?? 0;
  await input.click({ position: { x: 40, y: 16 } });
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  await expect(page.locator('.current')).toHaveAttribute('data-id', 'x');
  expect((await input.boundingBox())?.y, 'it stays, but for the width of its border').toBeCloseTo(top, -1);
  expect(requests).toHaveLength(1);
  expect(errors).toEqual([]);
  expect(statSync(file('resnet50')).size).toBeLessThanOrEqual(100_000);
});

test('the modes of a model and their difference are in one file', async ({ page }) => {
  await open(page, 'googlenet');
  await expect(page.locator('[data-id="aux1"]')).toBeAttached();
  await expect(page.locator('.only-train').first()).toBeAttached();
  await page.getByRole('radio', { name: 'eval' }).click();
  await expect(page.locator('[data-id="aux1"]')).toHaveCount(0);
  await expect(page.locator('.only-train')).toHaveCount(0);
});

for (const name of Object.keys(MODELS))
  test(`${name}: no text is cut off or lies on another`, async ({ page }) => {
    await page.setViewportSize({ width: 1400, height: 1800 });
    await open(page, name);
    expect(await page.locator('#picture').evaluate(spoiltTexts)).toEqual([]);
    await page.screenshot({ path: test.info().outputPath(`${name}.png`) });
  });

/** Runs in the page: texts that reach out of their card or frame, and pairs of texts that overlap. */
function spoiltTexts(picture: Element): string[] {
  const spoilt: string[] = [];
  for (const box of picture.querySelectorAll('.card, .frame')) {
    const outer = box.querySelector('.card > .box:last-of-type, .frame-box, .box')?.getBoundingClientRect();
    const texts = [...box.querySelectorAll(':scope > text')].filter((text) => text.textContent);
    const places = texts.map((text) => text.getBoundingClientRect());
    places.forEach((one, at) => {
      const text = `${box.getAttribute('data-id')}: ${texts[at]?.textContent}`;
      if (outer && (one.left < outer.left || one.right > outer.right + 7)) spoilt.push(`${text} is cut off`);
      for (const other of places.slice(at + 1))
        if (
          one.left < other.right &&
          other.left < one.right &&
          one.top + 3 < other.bottom &&
          other.top + 3 < one.bottom
        )
          spoilt.push(`${text} overlaps another`);
    });
  }
  const shapes = [...picture.querySelectorAll('text.shape')].map((text) => {
    const card = text.parentElement?.querySelector('.box:not([x])')?.getBoundingClientRect();
    return Math.round((card?.right ?? 0) - text.getBoundingClientRect().right);
  });
  if (new Set(shapes).size > 2) spoilt.push(`shapes end at different distances: ${[...new Set(shapes)]}`);
  return spoilt;
}

test('everything can be read in four themes', async ({ page }) => {
  for (const [theme, colours] of Object.entries({ light: {}, dark: {}, ...CONTRAST })) {
    await page.emulateMedia({ colorScheme: theme === 'dark' ? 'dark' : 'light' });
    await open(page, 'googlenet');
    const rules = Object.entries(colours).map(([name, value]) => `--vscode-${name}: ${value} !important`);
    await page.addStyleTag({ content: `:root { ${rules.join('; ')} }` });
    // A current node, its neighbours, hits, and the line below.
    await page.locator('[data-id="inception3a.cat"]').click({ position: { x: 40, y: 16 } });
    await page.keyboard.press('Control+f');
    await page.keyboard.type('conv');
    await expect(page.locator('.count-text').first()).toBeAttached();
    await readable(page.locator('#picture text'), TEXT);
    await readable(
      page.locator('.bar h1, .bar span, .bar button, .bar output, .details > span, .details button'),
      TEXT,
    );
    await page.screenshot({ path: test.info().outputPath(`${theme}.png`) });
  }
});

test('axe finds nothing serious', async ({ page }) => {
  await open(page, 'googlenet');
  await page.locator('[data-id="inception3a.cat"]').click({ position: { x: 40, y: 16 } });
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
  const violations = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe;
    return (await axe.run()).violations.map(({ id, impact, nodes }) => ({ id, impact, first: nodes[0]?.html }));
  });
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
});

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}
