// How far down the width of a level is taken, stretch by stretch.

export class Skyline {
  readonly #starts: number[] = [Number.NEGATIVE_INFINITY];
  readonly #heights: number[];

  constructor(ground: number) {
    this.#heights = [ground];
  }

  height(left: number, right: number): number {
    let highest = Number.NEGATIVE_INFINITY;
    for (let at = 0; at < this.#starts.length; at++) {
      if ((this.#starts[at] ?? 0) >= right) break;
      const end = this.#starts[at + 1] ?? Number.POSITIVE_INFINITY;
      if (end > left) highest = Math.max(highest, this.#heights[at] ?? 0);
    }
    return highest;
  }

  raise(left: number, right: number, height: number): void {
    this.#cut(left);
    this.#cut(right);
    const from = this.#starts.indexOf(left);
    const to = this.#starts.indexOf(right);
    this.#starts.splice(from, to - from, left);
    this.#heights.splice(from, to - from, height);
  }

  #cut(at: number): void {
    let place = 0;
    while (place < this.#starts.length && (this.#starts[place] ?? 0) < at) place++;
    if (this.#starts[place] === at) return;
    this.#starts.splice(place, 0, at);
    this.#heights.splice(place, 0, this.#heights[place - 1] ?? 0);
  }
}
