/**
 * Words whose full stop does not end a sentence. Unicode's rules cannot tell, except where a lower-case letter follows, so
 * only those are listed that stand in front of names, capitals and numbers; what often ends a sentence ("etc.", "Inc.",
 * "a.m.") is not, since nothing tells the two uses apart. All in lower case, without the last full stop.
 */

const BY_LANGUAGE: Readonly<Record<string, string>> = {
  // Titles that many languages share.
  '': 'dr dra mr mrs sr sra prof st vs',
  en: 'dr mr mrs ms prof st rev hon gov sen rep gen lt col sgt capt maj cmdr pres supt messrs mmes fig figs eq eqs sec ch vs cf e.g i.e viz approx jan feb aug sept oct nov dec mt ft ed eds',
  de: 'hr fr frl dipl.-ing ing nr str abb tab bzw z z.b d.h u.a s.o s.u vgl ggf sog evtl inkl exkl ca usf zzgl mag hl bd hrsg kap zit',
  fr: 'mm mme mmes mlle mlles me mgr pr ste av env ex p.ex c.-à-d éd chap réf tél',
  es: 'sr sra sres srta dña dn lic arq p.ej ee.uu núm pág págs tel art avda ud uds',
  pt: 'dra profa eng exmo exma p.ex núm pág págs av',
  it: 'sig sigg sig.ra sig.na dott dott.ssa prof.ssa avv on egr spett es p.es pag pagg cap',
  nl: 'dhr mevr mw ir mr drs bijv bv d.w.z m.b.t o.a t.a.v incl excl blz',
  sv: 'bl.a t.ex d.v.s s.k m.fl ang tfn',
  da: 'f.eks bl.a dvs ca hhv kl stk',
  nb: 'f.eks bl.a dvs kl pga',
  fi: 'esim ks ts mm ml n so',
  pl: 'prof inż mgr hab płk gen ul al np tzn tj ww św im zob por m.in pt wg',
  cs: 'ing mgr bc mudr judr phdr např tzv tj mj čp ul sv popř resp',
  hu: 'ifj id özv kb pl ún stb u',
  ro: 'dl dna dra str bd ex nr pag',
  tr: 'av doç yrd sn bkz örn alb',
  ru: 'г гг ул пр просп им т.е т.к т.н т.д напр см рис табл проф акад тов гр стр обл руб тыс млн',
  uk: 'вул ім проф акад див рис табл напр т.зв обл тис млн',
  bg: 'ул бул инж проф доц напр вж',
  el: 'κ κα κος δρ καθ π.χ δηλ βλ αρ σελ οδ',
};

/** Only in front of a number. */
const BEFORE_NUMBERS = 'no nos nr p pp pg vol art arts abs par rn rdnr s n num núm č str стр ст гл п рис § l bl lk';

/** Words of one language that are abbreviations of another. */
const WORDS_ELSEWHERE =
  'me on so es im ex cap sen gen sec ch ed col ang pt dl dna kl ca ml ts s u z n g str sig av rep rev ft';

const WORDS = new Map(Object.entries(BY_LANGUAGE).map(([language, words]) => [language, new Set(words.split(' '))]));
const ELSEWHERE = new Set(WORDS_ELSEWHERE.split(' '));
const OF_ANY = new Set([...WORDS.values()].flatMap((words) => [...words]).filter((word) => !ELSEWHERE.has(word)));
const NUMBERED = new Set(BEFORE_NUMBERS.split(' '));

/** Languages that write an ordinal as a number with a full stop. */
const ORDINALS = new Set('de da nb nn no fi et lv cs sk sl hr sr bs hu pl tr is fo lb'.split(' '));

/** The last word in front of a full stop: letters with inner full stops and hyphens, or a number of up to two digits. */
const LAST_WORD = /(?:^|[^\p{L}\p{N}.])((?:\p{L}[\p{L}\p{M}]*[.-]{1,2})*\p{L}[\p{L}\p{M}]*|\p{N}{1,2}|§)\.$/u;
const INITIAL = /^\p{Lu}$/u;
const NUMBER = /^\p{N}/u;
const LETTER = /^\p{L}/u;

/**
 * Whether a full stop belongs to its word.
 * @param before ends in the full stop; some 40 characters are enough
 * @param after begins with the next word
 * @param language of the text, such as `de`; undefined: any
 */
export function isAbbreviated(before: string, after: string, language: string | undefined): boolean {
  const word = LAST_WORD.exec(before)?.[1];
  if (word === undefined) return false;
  if (INITIAL.test(word)) return true;
  if (NUMBER.test(word)) return language !== undefined && ORDINALS.has(language) && LETTER.test(after);
  const lower = word.toLowerCase();
  const isKnown =
    language === undefined ? OF_ANY.has(lower) : WORDS.get('')?.has(lower) || WORDS.get(language)?.has(lower);
  return isKnown || (NUMBERED.has(lower) && NUMBER.test(after));
}
