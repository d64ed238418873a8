/** Sentences to compare vectors on where no file is given. Written for ovembed; no data set is behind them. */

/**
 * Each row: a sentence, the same said otherwise, one that shares a part of its meaning, one that shares only its subject.
 */
export const TOPICS: readonly (readonly [string, string, string, string])[] = [
  [
    'A man is playing a guitar on the street.',
    'Someone plays the guitar outside on the pavement.',
    'A woman is singing on the street.',
    'Guitars are usually made of wood.',
  ],
  [
    'The cat sleeps on the warm windowsill.',
    'On the windowsill, where it is warm, a cat is asleep.',
    'The dog sleeps under the kitchen table.',
    'Cats were kept in ancient Egypt.',
  ],
  [
    'How do I reset my password?',
    'I forgot my password and need a new one.',
    'How do I change my e-mail address?',
    'A good password is long and hard to guess.',
  ],
  [
    'The train to the coast leaves at seven.',
    'At seven o’clock the train departs for the seaside.',
    'The bus to the coast leaves at nine.',
    'Railways changed how people travelled.',
  ],
  [
    'Heavy rain flooded the lower part of the town.',
    'The town’s lower districts were under water after a downpour.',
    'Strong wind tore roofs off houses in the town.',
    'Rain is measured in millimetres.',
  ],
  [
    'She bakes bread every Sunday morning.',
    'Each Sunday, in the morning, she makes bread.',
    'She buys bread at the market on Saturdays.',
    'Yeast makes dough rise.',
  ],
  [
    'The company reported a loss for the third quarter.',
    'In the third quarter the firm lost money.',
    'The company expects a profit next year.',
    'A company must publish its accounts.',
  ],
  [
    'Two children are building a sandcastle.',
    'A pair of kids make a castle out of sand.',
    'Two children are swimming in the sea.',
    'Sand consists of tiny grains of rock.',
  ],
  [
    'The patient was given antibiotics for the infection.',
    'Doctors treated the infection with antibiotics.',
    'The patient was given a vaccine against the flu.',
    'Bacteria can become resistant to medicines.',
  ],
  [
    'The function returns an empty list when nothing is found.',
    'If there is no match, the result is a list without elements.',
    'The function throws an error when the file is missing.',
    'Lists are a common data structure.',
  ],
  [
    'The new bridge cut the journey by half an hour.',
    'Thanks to the new bridge the trip takes thirty minutes less.',
    'The new tunnel was more expensive than planned.',
    'Engineers test bridges with heavy loads.',
  ],
  [
    'He lost his keys somewhere in the park.',
    'Somewhere in the park his keys went missing.',
    'He found a wallet on a bench in the park.',
    'The park is open from dawn to dusk.',
  ],
  [
    'The moon was hidden behind thick clouds.',
    'Dense clouds covered the moon.',
    'The stars were bright in the clear sky.',
    'The moon goes round the earth in a month.',
  ],
  [
    'The museum is closed on Mondays.',
    'On Mondays you cannot visit the museum.',
    'The museum shop is open every day.',
    'The museum shows paintings of the last century.',
  ],
  [
    'A black dog runs through shallow water.',
    'Through water that is not deep runs a dark-coloured dog.',
    'A brown horse drinks from a river.',
    'Dogs have a keen sense of smell.',
  ],
  [
    'The recipe needs three eggs and a cup of milk.',
    'For this dish you need a cup of milk and three eggs.',
    'The recipe needs no flour at all.',
    'Milk should be kept cool.',
  ],
  [
    'The election was won by a narrow margin.',
    'The vote was decided by very few ballots.',
    'The election was postponed until spring.',
    'Citizens over eighteen may vote.',
  ],
  [
    'The battery of my phone lasts only a few hours.',
    'My phone is empty after a couple of hours.',
    'The screen of my phone is cracked.',
    'Phones contain rare metals.',
  ],
  [
    'The goalkeeper saved a penalty in the last minute.',
    'In the final minute the keeper stopped a spot kick.',
    'The striker missed an open goal early on.',
    'A football team has eleven players.',
  ],
  [
    'Bees collect nectar from flowers.',
    'Nectar is gathered from blossoms by bees.',
    'Butterflies rest on flowers in the sun.',
    'Honey keeps for years.',
  ],
  [
    'The lecture on black holes was hard to follow.',
    'I could hardly understand the talk about black holes.',
    'The lecture on volcanoes was well attended.',
    'Black holes bend light.',
  ],
  [
    'Please send the invoice to our accounting department.',
    'The bill should go to our accountants, please.',
    'Please send the parcel to our warehouse.',
    'An invoice states what is owed.',
  ],
  [
    'The old lighthouse was painted red and white.',
    'Red and white paint covered the ancient lighthouse.',
    'The old harbour was filled with fishing boats.',
    'Lighthouses warn ships of rocks.',
  ],
  [
    'The server did not respond within thirty seconds.',
    'There was no answer from the server for half a minute.',
    'The server refused the connection because of a wrong key.',
    'Servers stand in cooled rooms.',
  ],
  [
    'She has been learning Portuguese for two years.',
    'For two years now she has studied Portuguese.',
    'He taught French at a school for a year.',
    'Portuguese is spoken on several continents.',
  ],
  [
    'The factory will stop making cars in autumn.',
    'Car production at the plant ends this autumn.',
    'The factory hired a hundred workers in spring.',
    'Cars are assembled from thousands of parts.',
  ],
  [
    'The judge sentenced him to five years in prison.',
    'He must go to jail for five years, the judge decided.',
    'The judge released him for lack of evidence.',
    'Judges wear robes in many countries.',
  ],
  [
    'Turn left after the church and go straight on.',
    'Past the church, take a left and keep going.',
    'Turn right before the bakery and stop there.',
    'The church was built of yellow stone.',
  ],
  [
    'The glacier has shrunk by a third since 1950.',
    'Since the middle of the last century a third of the glacier is gone.',
    'The lake below the glacier has grown.',
    'Glaciers carve valleys.',
  ],
  [
    'My neighbour grows tomatoes on her balcony.',
    'The woman next door has tomato plants on her balcony.',
    'My uncle grows potatoes in his field.',
    'Tomatoes came to Europe by ship.',
  ],
];

/** How alike the first sentence of a row is to each of the others, and to the first of another row: 0 to 5. */
const SCORES = [4.7, 2.4, 1.4] as const;
const UNRELATED = 0.2;

/** Two texts, and how alike people find them, on any scale. */
export interface TextPair {
  a: string;
  b: string;
  score: number;
}

export function defaultPairs(): TextPair[] {
  return TOPICS.flatMap(([first, ...others], i) => {
    const [unrelated] = TOPICS[(i + 7) % TOPICS.length] as (typeof TOPICS)[number];
    const pairs = others.map((b, j) => ({ a: first, b, score: SCORES[j] as number }));
    return [...pairs, { a: first, b: unrelated, score: UNRELATED }];
  });
}

/** All sentences, and the rows as longer texts. */
export function defaultTexts(): string[] {
  return [...TOPICS.flat(), ...TOPICS.map((row) => row.join(' '))];
}
