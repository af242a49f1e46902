// Whether what is written can be read, by the figures of WCAG: in HTML, and in the SVG of the graph view.
import { expect, type Locator } from '@playwright/test';

/** The least contrast of text. */
export const TEXT = 4.5;

/** Fails for an element whose colour is too close to what it is drawn on; rows take on another theme one by one. */
export async function readable(elements: Locator, least: number): Promise<void> {
  await elements.first().waitFor();
  const unreadable = async () => {
    const all = await elements.evaluateAll(contrasts);
    return all.filter(({ contrast }) => contrast < least);
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
      if (!(at instanceof SVGElement)) layers.unshift(read(style.backgroundColor));
      opacity *= Number(style.opacity);
    }
    const painted = element instanceof SVGElement;
    if (painted) {
      // What is painted below a text of a picture are not its parents, but the shapes at the same place.
      const { left, top, width, height } = element.getBoundingClientRect();
      const below = document.elementsFromPoint(left + width / 2, top + height / 2);
      const shapes = below.filter((at) => at instanceof SVGGeometryElement && getComputedStyle(at).fill !== 'none');
      layers.push(...shapes.reverse().map((shape) => read(getComputedStyle(shape).fill)));
    }
    const background = layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1] as Colour);
    const style = getComputedStyle(element, element.textContent ? undefined : '::before');
    const drawn = painted ? style.fill : style.color;
    const [r, g, b, a] = read(drawn);
    const foreground = over([r, g, b, a * opacity], background);
    const [light = 0, dark = 0] = [luminance(foreground), luminance(background)].sort((a, b) => b - a);
    return { text: element.textContent || element.className, contrast: (light + 0.05) / (dark + 0.05) };
  });
}
