/** node worker-child.mjs <redis> <job> <lockMs>: a worker that says when it begins, what failed, and how it ended. */
import { Embedder } from '../../../dist/index.mjs';
import { CorpusJobs } from '../../../dist/jobs/index.mjs';

const [redis, job, lockMs] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const jobs = await CorpusJobs.connect({ redis });
const { model, options } = await jobs.modelOf(job);
const embedder = await Embedder.load(model, options);
say('ready');
const onShardFailed = ({ name, message }) => say(`${name}: ${message}`);
const { end } = await jobs.work(job, embedder, { lockMs: Number(lockMs), maxStalls: 1_000, onShardFailed });
await embedder.close();
await jobs.close();
say(end);
