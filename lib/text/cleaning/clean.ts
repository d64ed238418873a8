/** Cleaning: from what stands in a document to what a model should read. */
import { aBoolean, aFunction, aPositiveInteger, type Check, type Checks, checkOptions, oneOf } from '../../checks.js';
import { invalidArgument, OvembedError } from '../../errors.js';
import { type BoilerplateOptions, trimBoilerplate } from './boilerplate.js';
import { removeInvisible, replaceLoneSurrogates } from './characters.js';
import { type FilterOptions, type LanguageFilter, type Rejection, rejectionOf } from './filter.js';
import { htmlToText, type MarkupOptions } from './html.js';
import { type MarkdownOptions, markdownToText } from './markdown.js';
import { type NormalizationForm, normalizeUnicode } from './normalization.js';
import { chain, type MappedText } from './rewriter.js';
import { plainTypography, type TypographyOptions } from './typography.js';
import { normalizeWhitespace } from './whitespace.js';

/** Steps of cleaning; none is taken that is not asked for. `true` is a step with its defaults. */
export interface CleanOptions extends FilterOptions {
  /** Lone surrogates become U+FFFD: see `replaceLoneSurrogates`. */
  wellFormed?: boolean;
  /** The text is HTML: see `htmlToText`. Not with `markdown`, which reads the HTML inside. */
  html?: boolean | MarkupOptions;
  /** The text is Markdown: see `markdownToText`. */
  markdown?: boolean | MarkdownOptions;
  /** Control and zero-width characters are left out: see `removeInvisible`. */
  invisible?: boolean;
  /** Unicode's normal form: see `normalizeUnicode`. */
  normalize?: NormalizationForm;
  /** Quotes, dashes and ellipses as on a keyboard: see `plainTypography`. */
  typography?: boolean | TypographyOptions;
  /** Lines that say nothing are left out: see `trimBoilerplate`. */
  boilerplate?: BoilerplateOptions;
  /** Runs of white space, line ends, empty lines: see `normalizeWhitespace`. `true` is 'lines'. */
  whitespace?: boolean | 'lines' | 'single';
}

/** A text after all steps. */
export interface CleanedText extends MappedText {
  /** Why the text should not be used, where a filter says so; the text is there nonetheless. */
  rejected?: Rejection;
}

/**
 * Cleans a text, in linear time, by the steps that are asked for. Their order is fixed:
 * lone surrogates first, for the others to read well-formed text; then markup, before any character is changed that its
 * syntax could be mistaken for (NFKC makes `<` of `＜`), and since entities stand for characters that later steps treat;
 * invisible characters before the normal form, as they keep letters and marks from composing; typography after NFKC,
 * which turns part of it into other characters; boilerplate by whole lines, and then white space, which closes the gaps
 * that the steps before it left; at last the filters, which judge what a model would read.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for a text that is no string, or an option that is unknown or does not fit
 */
export function clean(text: string, options: CleanOptions): CleanedText {
  if (typeof text !== 'string') throw invalidArgument('the text of clean', 'a string', text);
  checkCleanOptions(options);
  const cleaned = chain(text, stepsOf(options));
  const rejected = rejectionOf(cleaned.text, options);
  return rejected ? { ...cleaned, rejected } : cleaned;
}

function stepsOf(options: CleanOptions): ((text: string) => MappedText)[] {
  const { html, markdown, normalize, typography, boilerplate, whitespace } = options;
  const steps: ((text: string) => MappedText)[] = [];
  if (options.wellFormed) steps.push(replaceLoneSurrogates);
  if (html) steps.push((text) => htmlToText(text, detailsOf(html)));
  if (markdown) steps.push((text) => markdownToText(text, detailsOf(markdown)));
  if (options.invisible) steps.push(removeInvisible);
  if (normalize) steps.push((text) => normalizeUnicode(text, normalize));
  if (typography) steps.push((text) => plainTypography(text, detailsOf(typography)));
  if (boilerplate) steps.push((text) => trimBoilerplate(text, boilerplate));
  if (whitespace) steps.push((text) => normalizeWhitespace(text, whitespace === true ? 'lines' : whitespace));
  return steps;
}

function detailsOf<T extends object>(option: true | T): T | undefined {
  return option === true ? undefined : option;
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for an option that is unknown or does not fit */
export function checkCleanOptions(options: CleanOptions): void {
  checkOptions(options, CHECKS, 'clean');
  if (options.html && options.markdown) {
    const message = 'Options html and markdown of clean exclude each other: markdown also reads the HTML inside.';
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
}

const aCode: Check = (value, name) => {
  if (value === 'keep' || value === 'drop') return;
  if (typeof (value as { replace?: unknown } | null)?.replace === 'string') return;
  throw invalidArgument(name, "'keep', 'drop' or { replace: a string }", value);
};

const patterns: Check = (value, name) => {
  const isPattern = (one: unknown) => typeof one === 'string' || one instanceof RegExp;
  if (!Array.isArray(value) || !value.every(isPattern)) {
    throw invalidArgument(name, 'a list of strings and regular expressions', value);
  }
};

const languageCodes: Check = (value, name) => {
  const isCode = (one: unknown) => typeof one === 'string' && /^[a-z]{2,3}$/.test(one);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isCode)) {
    throw invalidArgument(name, "a list of ISO 639-1 codes such as ['en']", value);
  }
};

const aRepetition: Check = (value, name) => {
  if (!Number.isSafeInteger(value) || (value as number) < 2)
    throw invalidArgument(name, 'an integer of at least 2', value);
};

/** An object of options, or where it may be a switch, true or false. */
function details<T extends object>(checks: Checks<T>, isSwitch: boolean): Check {
  return (value, name) => {
    if (isSwitch && typeof value === 'boolean') return;
    checkOptions(value as T, checks, `option ${name} of clean`);
  };
}

const MARKUP: Checks<MarkupOptions> = { alt: aBoolean, title: aBoolean };

const CHECKS: Checks<CleanOptions> = {
  wellFormed: aBoolean,
  html: details<MarkupOptions>(MARKUP, true),
  markdown: details<MarkdownOptions>({ ...MARKUP, code: aCode }, true),
  invisible: aBoolean,
  normalize: oneOf('NFC', 'NFKC'),
  typography: details<TypographyOptions>({ quotes: aBoolean, dashes: aBoolean, ellipses: aBoolean }, true),
  boilerplate: details<BoilerplateOptions>({ lines: patterns, edges: patterns, repeated: aRepetition }, false),
  whitespace: (value, name) => {
    if (typeof value !== 'boolean') oneOf('lines', 'single')(value, name);
  },
  minChars: aPositiveInteger,
  maxChars: aPositiveInteger,
  languages: (value, name) => {
    const checks = { allow: languageCodes, detect: aFunction, unsure: oneOf('keep', 'reject') };
    details<LanguageFilter>(checks, false)(value, name);
    languageCodes((value as LanguageFilter).allow, `${name}.allow`);
    aFunction((value as LanguageFilter).detect, `${name}.detect`);
  },
};
