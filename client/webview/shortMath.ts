// What esbuild puts in for `Math.max` and its like, so that the page has a short name for each.
export const { max, min, floor } = Math;
