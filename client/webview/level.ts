// What a level says of its children, and how wide that is. Widths are counted, not measured: the page scales its
// monospaced font to these advances, so that nothing depends on which font it is or whether it is loaded yet.
import type { Level } from '../src/wire';

export type { Level } from '../src/wire';

/** The advance of a letter of a name, and of the smaller ones below it, in tenths of a pixel. */
const NAME = 72;
const SMALL = 66;
const LONGEST_NAME = 56;
const LONGEST_WHAT = 34;
const NARROWEST = 132;
/** Between the groups that one frame stands for. */
export const TITLE_GAP = 22;

/** Letters as Python counts them. */
export function chars(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

export function nameWidth(text: string): number {
  return Math.floor((chars(text) * NAME + 9) / 10);
}

export function smallWidth(text: string): number {
  return Math.floor((chars(text) * SMALL + 9) / 10);
}

/** The middle of a name that is too long to be drawn is left out: its ends tell it from others. */
export function nameText(name: string): string {
  const letters = [...name];
  if (letters.length <= LONGEST_NAME) return name;
  const half = LONGEST_NAME / 2 - 1;
  return `${letters.slice(0, half).join('')}…${letters.slice(-half).join('')}`;
}

export function whatText(level: Level, number: number): string {
  const letters = [...(level.whats[number] ?? '')];
  const text = letters.length <= LONGEST_WHAT ? letters.join('') : `${letters.slice(0, LONGEST_WHAT - 1).join('')}…`;
  const parameters = level.parameters[number];
  return parameters ? `${text} +${parameters} par.` : text;
}

/** What stands at the right of a card's name: that it is of one mode, which of several runs it is, or whose it is. */
export function noteText(level: Level, number: number): string {
  const mode = level.modes[number];
  const only = mode === 'e' ? 'eval only' : mode === 't' ? 'train only' : '';
  return [only, level.notes[number] ?? ''].filter(Boolean).join(', ');
}

/** The text of the badge of a folded run. */
export function badgeText(level: Level, number: number): string {
  const run = level.runs[number];
  return run ? `×${run}` : '';
}

export function isGroup(level: Level, number: number): boolean {
  return level.kinds[number] === 'g';
}

/** Even, so that its middle is a whole number. */
export function sizeOfCard(level: Level, number: number): number {
  const note = noteText(level, number);
  const badge = badgeText(level, number);
  const shape = level.shapes[number] ?? '';
  const end = badge ? smallWidth(badge) + 24 : 30;
  const first =
    (isGroup(level, number) ? 28 : 14) +
    nameWidth(nameText(level.names[number] ?? '')) +
    (note ? 12 + smallWidth(note) : 0) +
    end;
  const second = 14 + smallWidth(whatText(level, number)) + (shape ? 18 + smallWidth(shape) : 0) + 12;
  const width = Math.max(NARROWEST, first, second);
  return width + (width % 2);
}

export function titleWidth(titles: readonly { readonly name: string; readonly what: string }[]): number {
  let width = 44;
  titles.forEach(({ name }, at) => {
    width += nameWidth(nameText(name)) + (at ? TITLE_GAP : 0);
  });
  const what = titles[titles.length - 1]?.what ?? '';
  return width + (what ? 12 + smallWidth(what) : 0) + 30;
}
