/**
 * English words in falling order of frequency, so that a word's rank is its weight (Zipf's law). The head is what every
 * text is made of; the tail holds technical, rare and compound words, which a WordPiece tokenizer splits: tokens per word
 * are then about those of prose.
 */
export const words = `
the of and to a in is that for it as was with be by on not he this are or his from at which but have an they you were
their one all we can her has there been if more when will would who so no what up out about said some into them than
only other time new then its could now like our over two also my after may these any first your way well even such
because through should where most before many how under year years day work part use made make people long water number
system place name just right great same three each must good does another between own small found state world life
still hand high last school never start city earth eyes light thought head story left few while along might close
something seem next hard open example begin country important until children side feet car mile night walk white sea
began grow took river four carry once book hear stop without second later miss idea enough eat face watch far really
almost let above girl sometimes mountains cut young talk soon list song being leave family body music color stand sun
question fish area mark dog horse birds problem complete room knew since ever piece told usually friends easy heard
red door sure become top ship across today during short better best however low hours black products happened
whole measure remember early waves reached listen wind rock space covered fast several hold himself toward five step
morning passed vowel true hundred against pattern numeral table north slowly money map farm pulled draw voice seen
cold cried plan notice south sing war ground fall king town unit figure certain field travel wood fire upon
data report value process result service customer account password reset error message server request response user
file folder version update install configure network memory storage index query document search engine model vector
price market company policy contract payment invoice delivery order refund warranty support ticket issue release
history culture language science research theory method evidence analysis experiment sample population treatment patient
doctor hospital medicine disease symptom infection protein molecule energy temperature pressure electron chemical
climate weather forest species habitat agriculture harvest irrigation soil mineral volcano earthquake glacier ocean
vehicle bridge railway airport satellite telescope microscope laboratory instrument orchestra symphony melody
painting sculpture museum architecture cathedral parliament election constitution legislation judge lawyer tribunal
philosophy psychology sociology anthropology linguistics grammar vocabulary paragraph chapter literature novel poetry
algorithm database compiler runtime container deployment cluster latency throughput bandwidth encryption authentication
authorization certificate firewall middleware repository dependency configuration initialization serialization
concurrency parallelism synchronization deadlock semaphore mutex hypervisor virtualization microservice orchestration
idempotent asynchronous multithreaded backpressure checksum tokenizer quantization embedding normalization
photosynthesis mitochondria chloroplast ribosome enzyme antibody immunodeficiency cardiovascular gastrointestinal
electroencephalogram anesthesiologist ophthalmology pharmacokinetics biocompatible thermodynamics electromagnetism
superconductivity semiconductor crystallography spectroscopy chromatography electrolysis stoichiometry polymerization
misapprehension counterintuitive incomprehensible disproportionate interchangeable unprecedented notwithstanding
heterogeneous incontrovertible perspicacious magnanimous obfuscate recalcitrant ephemeral ubiquitous serendipity
zeitgeist kaleidoscope juxtaposition onomatopoeia quintessential idiosyncratic lackadaisical discombobulated
thunderstruck windowsill dishwasher wheelbarrow lighthouse candlestick gooseberry honeysuckle marshmallow snowshoeing
beekeeping blacksmithing cabinetmaker shipwright glassblower upholstery wainscoting cobblestone flagstones
underinsured reforestation desalination biodegradable hydroponics aquaculture pisciculture vermiculture apiculture
`
  .trim()
  .split(/\s+/);
