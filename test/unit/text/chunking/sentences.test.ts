/** Where sentences end, in many languages; `|` marks every break, written by hand. */
import { describe, expect, test } from 'vitest';
import { sentences } from '../../../../lib/text/chunking/sentences.js';

const EXAMPLES: [locale: string, text: string][] = [
  [
    'en',
    'Dr. Smith met Mrs. Jones at 5 p.m. on Monday. |"Really?" he asked. |See Fig. 3 and J. R. R. Tolkien vs. C. S. Lewis. |Yes!',
  ],
  [
    'de',
    'Am 3. Oktober kam Prof. Dr. Meier, z. B. mit Hr. Schulz. |Es waren ca. 20 Leute. |„Wirklich?“ fragte er. |Siehe Abb. 2.',
  ],
  ['fr', "M. Dupont et Mme. Martin arrivent. |Voir p. ex. Dr. Leroy, chap. IV. |Qu'est-ce que c'est ? |Rien !"],
  ['es', '¿Cómo está el Sr. García? |Vive en la Avda. Mayor. |¡Qué bien! |La Dra. Ruiz llegó a las 5.'],
  ['pt', 'O Sr. Silva mora na av. Paulista. |A Dra. Costa ligou ontem? |Sim, ligou.'],
  ['it', 'Il sig. Rossi e la dott. Bianchi sono qui. |Vedi pag. 12. |Che bello!'],
  ['nl', 'Dhr. Jansen en mevr. De Vries komen. |Neem bijv. Amsterdam. |Is dat goed?'],
  ['sv', 'Han bor i Sverige. |Vi har t.ex. Göteborg och Malmö. |Kommer du?'],
  ['da', 'Den 5. Juni er en fridag. |Han hedder Jens. |Kommer du?'],
  ['nb', 'Møtet er 17. Mai i Oslo. |Hun kommer. |Gjør du?'],
  ['fi', 'Hän tuli 6. Joulukuuta kotiin. |Oletko varma? |Olen.'],
  ['pl', 'Pan prof. Kowalski mieszka przy ul. Długiej. |Czy to prawda? |Tak!'],
  ['cs', 'Ing. Novák bydlí v ul. Dlouhá. |Přijde 3. Května? |Ano.'],
  ['hu', 'Dr. Kovács úr itt van. |Mikor jön? |Holnap.'],
  ['ro', 'Dl. Popescu stă pe str. Lungă. |Vine azi? |Da.'],
  ['tr', 'Prof. Yılmaz geldi. |Nasılsınız? |İyiyim.'],
  ['ru', 'А. С. Пушкин родился в г. Москва. |Это было в 1799 г., не позже. |Правда? |Да!'],
  ['uk', 'Проф. Шевченко живе на вул. Хрещатик. |Справді? |Так.'],
  ['bg', 'Проф. Иванов живее на ул. Раковски. |Наистина ли? |Да.'],
  ['el', 'Ο κ. Παπαδόπουλος ήρθε. |Τι κάνεις; |Καλά. |Ευχαριστώ!'],
  ['ar', 'ذهب الولد إلى المدرسة. |هل أنت بخير؟ |نعم، شكرا.'],
  ['fa', 'سلام دوست من. |حال شما چطور است؟ |خوبم.'],
  ['ur', 'یہ ایک کتاب ہے۔ |آپ کیسے ہیں؟ |میں ٹھیک ہوں۔'],
  ['he', 'הילד הלך לבית הספר. |מה שלומך? |טוב, תודה!'],
  ['hi', 'यह एक किताब है। |आप कैसे हैं? |मैं ठीक हूँ।'],
  ['bn', 'এটি একটি বই। |আপনি কেমন আছেন? |আমি ভালো আছি।'],
  ['pa', 'ਇਹ ਇੱਕ ਕਿਤਾਬ ਹੈ। |ਤੁਸੀਂ ਕਿਵੇਂ ਹੋ? |ਮੈਂ ਠੀਕ ਹਾਂ।'],
  ['ta', 'இது ஒரு புத்தகம். |நீங்கள் எப்படி இருக்கிறீர்கள்? |நலம்.'],
  ['te', 'ఇది ఒక పుస్తకం. |మీరు ఎలా ఉన్నారు? |బాగున్నాను.'],
  ['zh', '今天天气很好。|你去哪里？|我去北京！|好。'],
  ['ja', 'これは本です。|元気ですか？|はい！|「行きます。」|彼は言った。'],
  ['ko', '이것은 책입니다. |어디에 가십니까? |집에 갑니다!'],
  ['hy', 'Սա գիրք է։ |Ես լավ եմ։'],
  ['am', 'ይህ መጽሐፍ ነው። |እኔ ደህና ነኝ።'],
  ['my', 'ဒါက စာအုပ်ပါ။ |ကျွန်တော် နေကောင်းပါတယ်။'],
  ['km', 'នេះជាសៀវភៅ។ |ខ្ញុំសុខសប្បាយ។'],
  ['ka', 'ეს წიგნია. |როგორ ხარ? |კარგად.'],
];

const split = (text: string, locale?: string) => {
  const cuts = [0, ...sentences(locale)(text, 0, text.length), text.length];
  return cuts.slice(1).map((end, i) => text.slice(cuts[i], end));
};

test('more than 20 languages', () => expect(new Set(EXAMPLES.map(([locale]) => locale)).size).toBeGreaterThan(30));

test.each(EXAMPLES)('%s: %s', (locale, marked) => {
  expect(split(marked.replaceAll('|', ''), locale)).toEqual(marked.split('|'));
});

describe('lines', () => {
  test('that were broken by their width belong to one sentence', () => {
    const text =
      'A sentence that was broken since it reached the width of a\nPage of paper, and goes\non. Another one.\n';
    expect(split(text)).toEqual([
      'A sentence that was broken since it reached the width of a\nPage of paper, and goes\non. ',
      'Another one.\n',
    ]);
  });

  test('of a list, a title and paragraphs do not', () => {
    const text = 'Title\n\n  First para\n- one\n- two\n1. three\n\n\nLast.';
    expect(split(text)).toEqual(['Title\n\n', '  First para\n', '- one\n', '- two\n', '1. three\n\n\n', 'Last.']);
  });
});

test('a number with a full stop ends a sentence unless the language writes ordinals so', () => {
  expect(split('He was 3. Then he grew.', 'en')).toHaveLength(2);
  expect(split('Am 3. Mai kam er.', 'de')).toHaveLength(1);
});

test('long texts are cut where short ones are, across the pieces that the segmenter gets', () => {
  const sentence = 'The quick brown fox, seen by Dr. Jones and nobody else, jumps over the lazy dog of Mr. Smith. ';
  for (const repeats of [1, 10, 11, 12, 100, 1000]) expect(split(sentence.repeat(repeats))).toHaveLength(repeats);
  expect(split(`${'word '.repeat(2000)}end. Next.`)).toHaveLength(2);
});
