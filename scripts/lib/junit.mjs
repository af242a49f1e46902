// What the runners' JUnit files tell: how many tests passed, and which took longest.
import { existsSync, readFileSync } from 'node:fs';

/** @typedef {{name: string, seconds: number}} Timed */
/** @typedef {{passed: number, failed: number, skipped: number, tests: Timed[]}} Counts */

/**
 * @param {string} file a JUnit file; one that is missing counts as empty
 * @returns {Counts}
 */
export function readJunit(file) {
  const xml = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const count = (/** @type {RegExp} */ pattern) => (xml.match(pattern) ?? []).length;
  const skipped = count(/<skipped\b/g);
  const failed = count(/<(failure|error)\b/g);
  const tests = [...xml.matchAll(/<testcase\b([^>]*)>/g)].map(([, attributes = '']) => ({
    name: [fileOf(attribute(attributes, 'classname')), attribute(attributes, 'name')].filter(Boolean).join(': '),
    seconds: Number(attribute(attributes, 'time')) || 0,
  }));
  return { passed: Math.max(0, tests.length - skipped - failed), failed, skipped, tests };
}

/**
 * pytest's class names are dotted paths (`tests.unit.cli.test_check`), Playwright's are file names, Node's say `test`.
 * @param {string} name
 */
function fileOf(name) {
  return name === 'test' ? '' : name.replace(/^tests\./, '');
}

/** @type {Record<string, string>} */
const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** @param {string} text @param {string} name */
function attribute(text, name) {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? '';
  return value.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity) => ENTITIES[entity] ?? '').replace(/&#x?\w+;/g, ' ');
}
