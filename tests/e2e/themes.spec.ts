// Hover, tree and squiggles in light, dark and high contrast: seen, and readable by the figures of WCAG.
import { readable, TEXT } from './lib/contrast';
import { GraphView } from './lib/graph';
import { expect, test, windowOf } from './lib/test';
import type { VSCode } from './lib/vscode';

/** Themes that come with VS Code, by the classes that each gives the workbench and a panel's page. */
const THEMES = [
  { name: 'light', theme: 'Default Light Modern', shown: '.monaco-workbench.vs', page: 'vscode-light' },
  { name: 'dark', theme: 'Default Dark Modern', shown: '.monaco-workbench.vs-dark', page: 'vscode-dark' },
  {
    name: 'contrast-dark',
    theme: 'Default High Contrast',
    shown: '.monaco-workbench.hc-black',
    page: 'vscode-high-contrast',
  },
  {
    name: 'contrast-light',
    theme: 'Default High Contrast Light',
    shown: '.monaco-workbench.hc-light',
    page: 'vscode-high-contrast-light',
  },
];
/** The least contrast of icons: VS Code's own colour for classes has 2.9 in its own light theme, where WCAG asks for 3. */
const ICON = 2.8;

const THEMED = windowOf('themes');
test.use({ files: { '.vscode/settings.json': '{}' } });

// One VS Code for all: each takes half a minute to start on a small machine.
test('everything can be read in light, dark and high contrast', THEMED, async ({ code }) => {
  test.setTimeout(240_000);
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await code.unfold('layer1');
  await expect(code.treeItem('2')).toBeVisible();
  for (const theme of THEMES) await test.step(theme.name, () => choose(code, theme).then(() => look(code, theme.name)));
});

test('the graph view takes on each theme where it stands, and can be read in it', THEMED, async ({ code }) => {
  test.setTimeout(240_000);
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  const graph = new GraphView(code);
  await graph.open();
  await graph.expand('layer1');
  await graph.click('layer1.0');
  await graph.page.locator('body').evaluate((body) => body.setAttribute('data-same', ''));
  for (const theme of THEMES)
    await test.step(theme.name, async () => {
      await choose(code, theme);
      await expect(graph.page.locator(`body.${theme.page}[data-same]`)).toBeAttached();
      await readable(graph.page.locator('#picture text'), TEXT);
      await readable(graph.page.locator('.bar h1, .bar span, .bar button, .details > span, .details button'), TEXT);
      await code.picture(`${theme.name}-graph`);
    });
});

async function choose(code: VSCode, { theme, shown }: (typeof THEMES)[number]): Promise<void> {
  // Written again until it is noticed: a watcher may only just have been started.
  await expect(async () => {
    code.workspace.write('.vscode/settings.json', JSON.stringify({ 'workbench.colorTheme': theme }));
    await code.page.locator(shown).waitFor({ timeout: 5_000 });
  }).toPass();
}

async function look(code: VSCode, name: string): Promise<void> {
  await readable(code.sidebar.locator('.monaco-tl-contents .label-name'), TEXT);
  await readable(code.sidebar.locator('.monaco-tl-contents .label-description'), TEXT);
  await readable(code.sidebar.locator('.custom-view-tree-node-item-icon'), ICON);
  await code.picture(`${name}-tree`);
  const tooltip = code.page.locator('.workbench-hover-container .monaco-hover');
  // A tree that is drawn anew meanwhile takes the row, and with it the tooltip that was to come.
  await expect(async () => {
    await code.page.mouse.move(900, 700);
    await code.treeItem('2').hover();
    await expect(tooltip.filter({ hasText: 'selects its last node' })).toBeVisible({ timeout: 10_000 });
  }).toPass();
  await readable(tooltip.locator('p, code'), TEXT);
  await code.picture(`${name}-tooltip`);
  await code.page.mouse.move(900, 700); // The tooltip lies over the text.
  await expect(tooltip).toHaveCount(0);
  await hoverText(code, '"layer1"');
  await expect(code.hover.filter({ hasText: 'layer1.2.relu_2' })).toBeVisible();
  await readable(code.hover.locator('p, code, a'), TEXT);
  await code.picture(`${name}-hover`);
  await hoverText(code, '"layer2.3.rleu_2"');
  await expect(code.hover.filter({ hasText: 'Did you mean' })).toBeVisible();
  await code.picture(`${name}-problem`);
  await code.page.mouse.move(900, 700);
  await expect(code.hover).toHaveCount(0);
}

async function hoverText(code: VSCode, text: string): Promise<void> {
  await code.editor
    .locator('.view-line span', { hasText: new RegExp(`^${text}$`) })
    .first()
    .hover();
}
