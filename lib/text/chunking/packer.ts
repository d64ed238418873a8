/**
 * Fills chunks with units. They are planned by the tokens of the whole text; a chunk tokenised by itself may have some more
 * (a word that was cut has other pieces, a first word another sign), so every chunk is counted before it is given out, many
 * at once, and planned anew with less where it is too long.
 */

import { OvembedError } from '../../errors.js';
import { TimeSlice } from '../../time-slice.js';
import type { Splitter } from './structure.js';
import type { TokenIndex } from './token-index.js';
import type { Unit, Units } from './units.js';

/** Limits in tokens without special ones and prompt. */
export interface Limits {
  room: number;
  overlap: number;
  least: number;
}

/** Where a chunk lies, with its exact count. */
export interface Packed {
  /** Where it begins with what it repeats. */
  start: number;
  /** Where its own part begins: the end of the chunk in front. */
  ownStart: number;
  end: number;
  tokens: number;
}

/** What the packer asks for. */
export interface PackerParts {
  text: string;
  tokens: TokenIndex;
  units: Units;
  limits: Limits;
  /** Cuts up to this one are not gone over, nor repeated across. */
  hard: number;
  /** All splitters, and the index of that whose parts are repeated. */
  splitters: readonly Splitter[];
  overlapSplitter: number;
  /** Exact tokens of chunks and of what they repeat, both without special ones and the prompt. */
  count(chunks: readonly string[], repeated: readonly string[]): Promise<Uint32Array>;
  signal: AbortSignal | undefined;
}

interface Plan {
  start: number;
  ownStart: number;
  /** Units of its own: the first, and behind the last, in the list of those that are read. */
  first: number;
  behind: number;
  end: number;
  /** Of the cut behind it. */
  level: number;
  /** As planned: what it repeats counted. */
  tokens: number;
}

/** Less than the limits allow: for a chunk that turned out too long. */
interface Tighter {
  room: number;
  overlap: number;
}

/** Chunks that are planned before they are counted: few at first, more as long as the plans are right. */
const FEWEST_PLANS = 8;
const MOST_PLANS = 256;
/** UTF-16 units of the chunks that are counted together. */
const MOST_CHARACTERS = 1 << 19;

export class Packer {
  readonly #parts: PackerParts;
  readonly #source: Iterator<Unit>;
  /** Units that were read and do not belong to a finished chunk. */
  #units: Unit[] = [];
  /** End of the last finished chunk, its own start, and the strength of the cut between. */
  #last: Pick<Plan, 'ownStart' | 'end' | 'level'> = { ownStart: 0, end: 0, level: -1 };
  /** How many tokens more than planned the last chunks had. */
  #margin = 0;
  /** The same of what they repeat. */
  #overlapMargin = 0;
  #tighter: Tighter | undefined;

  constructor(parts: PackerParts) {
    this.#parts = parts;
    this.#source = parts.units.all(parts.limits.room)[Symbol.iterator]();
  }

  /** The chunks in order. */
  async *chunks(): AsyncGenerator<Packed, void, undefined> {
    let most = FEWEST_PLANS;
    for (;;) {
      const plans = await this.#plan(most);
      if (plans.length === 0) return;
      const counts = await this.#countAll(plans);
      const wrong = counts.findIndex(({ tooLong }) => tooLong);
      const right = wrong < 0 ? plans.length : wrong;
      for (let i = 0; i < right; i++) {
        const { start, ownStart, end } = plans[i] as Plan;
        yield { start, ownStart, end, tokens: (counts[i] as Counted).tokens };
      }
      this.#finish(plans, counts, right);
      // What was planned behind a wrong chunk is planned anew; that it is little keeps the whole linear.
      most = wrong < 0 ? Math.min(MOST_PLANS, 2 * most) : Math.max(1, right);
    }
  }

  async #plan(most: number): Promise<Plan[]> {
    const plans: Plan[] = [];
    let last = this.#last;
    let first = 0;
    let characters = 0;
    const slice = new TimeSlice();
    while (plans.length < most && characters < MOST_CHARACTERS) {
      const plan = this.#planOne(first, last, plans.length === 0 ? this.#tighter : undefined);
      if (!plan) break;
      plans.push(plan);
      first = plan.behind;
      last = plan;
      characters += plan.end - plan.start;
      if (slice.isOver) await slice.next(this.#parts.signal);
    }
    return plans;
  }

  /** Ends a chunk at the strongest cut in reach; of equal ones, at the farthest. */
  #planOne(
    first: number,
    last: Pick<Plan, 'ownStart' | 'end' | 'level'>,
    tighter: Tighter | undefined,
  ): Plan | undefined {
    const head = this.#unit(first);
    if (!head) return undefined;
    const { limits, text, tokens, hard } = this.#parts;
    const ownStart = head.start;
    const room = tighter?.room ?? Math.max(1, limits.room - this.#margin);
    const overlap = Math.min(tighter?.overlap ?? limits.overlap - this.#overlapMargin, room - head.tokens);
    const start = overlap > 0 ? this.#overlapStart(last, overlap) : ownStart;
    const repeated = tokens.count(start, ownStart);
    const rest = tokens.count(ownStart, text.length);
    const reach = reachOf(room - repeated, rest, limits.least);
    let best = { behind: first + 1, level: head.level, end: head.end, tokens: head.tokens };
    let own = 0;
    for (let i = first; ; i++) {
      const unit = this.#unit(i);
      if (!unit || (i > first && own + unit.tokens > reach)) break;
      own += unit.tokens;
      const isSmall = repeated + own < limits.least || rest - own < limits.least;
      const isBetter = unit.level <= best.level || best.tokens < Math.min(limits.least - repeated, reach);
      if (isBetter) best = { behind: i + 1, level: unit.level, end: unit.end, tokens: own };
      if (unit.level < hard && !isSmall) break;
    }
    return { start, ownStart, first, ...best, tokens: repeated + best.tokens };
  }

  /** Whole parts from the end of the last chunk, never all of it: where they begin, at most so many tokens before its end. */
  #overlapStart({ ownStart, end, level }: Pick<Plan, 'ownStart' | 'end' | 'level'>, most: number): number {
    const { text, tokens, splitters, overlapSplitter, hard } = this.#parts;
    if (level < hard) return end;
    const splitter = splitters[Math.max(level, overlapSplitter)] as Splitter;
    for (const cut of splitter(text, ownStart, end)) if (tokens.count(cut, end) <= most) return cut;
    return end;
  }

  #unit(index: number): Unit | undefined {
    while (index >= this.#units.length) {
      const { value, done } = this.#source.next();
      if (done) return undefined;
      this.#units.push(value);
    }
    return this.#units[index];
  }

  async #countAll(plans: readonly Plan[]): Promise<Counted[]> {
    const { text, limits, count } = this.#parts;
    const repeating = plans.filter(({ start, ownStart }) => start < ownStart);
    const counts = await count(
      plans.map(({ start, end }) => text.slice(start, end)),
      repeating.map(({ start, ownStart }) => text.slice(start, ownStart)),
    );
    const overlaps = new Map(repeating.map((plan, i) => [plan, counts[plans.length + i] as number]));
    return plans.map((plan, i) => {
      const tokens = counts[i] as number;
      const overlap = overlaps.get(plan) ?? 0;
      return { tokens, overlap, tooLong: tokens > limits.room || overlap > limits.overlap };
    });
  }

  /** Drops the units of finished chunks, and makes the next plan begin with less if its chunk was too long. */
  #finish(plans: readonly Plan[], counts: readonly Counted[], right: number): void {
    const { limits, tokens } = this.#parts;
    const checked = plans.slice(0, right + 1).map((plan, i) => ({ plan, counted: counts[i] as Counted }));
    const excess = checked.map(({ plan, counted }) => counted.tokens - plan.tokens);
    const repeated = checked.map(({ plan, counted }) => counted.overlap - tokens.count(plan.start, plan.ownStart));
    this.#margin = Math.min(Math.max(0, ...excess), limits.room >> 3);
    this.#overlapMargin = Math.min(Math.max(0, ...repeated), limits.overlap >> 1);
    // What was tightened before holds on for the chunk that it was for.
    if (right > 0) this.#tighter = undefined;
    const wrong = plans[right];
    if (right > 0) this.#last = plans[right - 1] as Plan;
    if (wrong) this.#tighten(wrong, counts[right] as Counted);
    this.#units.splice(0, wrong ? wrong.first : (plans.at(-1) as Plan).behind);
  }

  /** Each step repeats less, holds less or cuts a unit, so that there is an end to it. */
  #tighten(plan: Plan, counted: Counted): void {
    const { limits, text, units } = this.#parts;
    const { start, ownStart, first, behind, tokens } = plan;
    const repeated = this.#parts.tokens.count(start, ownStart);
    if (counted.overlap > limits.overlap) {
      const overlap = Math.min(repeated - 1, limits.overlap - (counted.overlap - repeated));
      this.#tighter = { room: this.#tighter?.room ?? limits.room, overlap };
      return;
    }
    if (behind - first > 1 || start < ownStart) {
      const overlap = behind - first > 1 ? (this.#tighter?.overlap ?? limits.overlap) : 0;
      this.#tighter = { room: Math.min(tokens - 1, limits.room - (counted.tokens - tokens)), overlap };
      return;
    }
    const unit = this.#units[first] as Unit;
    const parts = units.split(unit);
    if (!parts) throw tooLong(text, unit, counted.tokens, limits.room);
    this.#units.splice(first, 1, ...parts);
    this.#tighter = { room: Math.max(1, limits.room - Math.max(1, counted.tokens - tokens)), overlap: 0 };
  }
}

interface Counted {
  tokens: number;
  overlap: number;
  tooLong: boolean;
}

/** How much of its own a chunk may hold; less where what is left behind it would be smaller than a chunk should be. */
function reachOf(room: number, rest: number, least: number): number {
  return rest > room && rest - room < least ? Math.max(rest - least, room >> 1) : room;
}

function tooLong(text: string, { start, end }: Unit, tokens: number, room: number): OvembedError {
  const code = text.codePointAt(start)?.toString(16).toUpperCase().padStart(4, '0');
  const message =
    `The character U+${code} at position ${start} (${end - start} UTF-16 units) alone has ${tokens} tokens, and maxTokens ` +
    `leaves room for ${room} beside special tokens and prompt. Raise maxTokens, or clean the text.`;
  return new OvembedError('ERR_INPUT_TOO_LONG', message);
}
