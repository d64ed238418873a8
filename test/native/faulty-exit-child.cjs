/** Closes a tokenizer while the process ends, after the addon's threads have stopped. */
const [folder, model] = process.argv.slice(2);
const { native } = require(`${folder}/dist/native.js`);

void native()
  .loadTokenizer({ file: `${model}/tokenizer.json` })
  .then((tokenizer) => {
    process.once('exit', () => {
      tokenizer.close();
      console.log(Date.now());
    });
  });
