/** A text to try, and texts to compare. */
import { ask, embed } from './api.js';
import { bar, byId, type Child, el, fill } from './dom.js';
import { ms, number } from './numbers.js';

const NUMBERS = 8;
const TOKENS = 200;

/** @param model whose name to ask for */
export function watchForms(model: () => string): void {
  onSubmit('try', async () => {
    const text = byId<HTMLTextAreaElement>('text').value;
    const inputType = byId<HTMLSelectElement>('type').value;
    const startedAt = performance.now();
    const { vectors, tokens, device, totalMs } = await embed(model(), [text], inputType);
    const hereMs = performance.now() - startedAt;
    const vector = vectors[0] as number[];
    const rows: [string, Child][] = [
      ['Tokens', number(tokens)],
      ['Time', `${ms(totalMs)} on ${device}, ${ms(hereMs)} until it was here`],
      ['Vector', `${number(vector.length)} numbers, of length ${number(Math.hypot(...vector))}`],
      [
        'First numbers',
        el(
          'code',
          {},
          vector
            .slice(0, NUMBERS)
            .map((value) => value.toFixed(4))
            .join(', '),
        ),
      ],
      ['Text as tokens', el('p', { class: 'tokens' }, ...(await tokensOf(model(), text)))],
    ];
    return [el('dl', { class: 'facts' }, ...rows.flatMap(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]))];
  });

  onSubmit('compare', async () => {
    const query = byId<HTMLTextAreaElement>('query').value;
    const texts = byId<HTMLTextAreaElement>('texts')
      .value.split('\n')
      .filter((line) => line.trim() !== '');
    if (texts.length === 0) throw new Error('Write a text on a line of its own.');
    const [asked, given] = await Promise.all([embed(model(), [query], 'query'), embed(model(), texts, 'document')]);
    const source = asked.vectors[0] as number[];
    const scored = texts.map((text, i) => ({ text, score: cosine(source, given.vectors[i] as number[]) }));
    scored.sort((a, b) => b.score - a.score);
    const items = scored.map(({ text, score }) =>
      el('li', {}, el('span', { class: 'score' }, score.toFixed(3)), bar(score), el('span', { class: 'said' }, text)),
    );
    return [el('ol', { class: 'scores' }, ...items)];
  });
}

/** What a form gives is shown beneath it, and read aloud when it is there. */
function onSubmit(name: string, work: () => Promise<Node[]>): void {
  const form = byId<HTMLFormElement>(name);
  const output = byId(`${name}-result`);
  const button = form.querySelector('button') as HTMLButtonElement;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    // Not `disabled`, which would take the focus away.
    button.setAttribute('aria-disabled', 'true');
    work()
      .then(
        (nodes) => fill(output, ...nodes),
        (error: Error) => fill(output, el('p', { class: 'failure' }, error.message)),
      )
      .finally(() => button.removeAttribute('aria-disabled'));
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

async function tokensOf(model: string, text: string): Promise<Node[]> {
  const { answer } = await ask<[ids: number[], offsets: number[], special: number[]][]>('ovembed/v1/tokenize', {
    model,
    texts: [text],
  });
  const [ids, offsets, special] = answer[0] as (typeof answer)[number];
  const pieces = ids.flatMap((id, i) => {
    if (special[i] === 1) return [];
    return [el('span', { title: `id ${id}` }, text.slice(offsets[2 * i] as number, offsets[2 * i + 1] as number))];
  });
  if (pieces.length <= TOKENS) return pieces;
  return [...pieces.slice(0, TOKENS), el('span', {}, `and ${number(pieces.length - TOKENS)} more`)];
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((all, value, i) => all + value * (b[i] as number), 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b) || 1);
}
