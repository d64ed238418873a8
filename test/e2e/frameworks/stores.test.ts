/** `ovembed/chroma` with Chroma's client and server, `ovembed/lancedb` with LanceDB. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { startChroma } from './chroma-server.js';
import { missing, OPTIONS, QUERY, setting, TEXTS } from './support.js';

describe.skipIf(missing)('stores', () => {
  const its = setting();
  const best = () => {
    const dots = its.documents.map((row) => row.reduce((sum, x, i) => sum + x * (its.query[i] as number), 0));
    return { text: TEXTS[dots.indexOf(Math.max(...dots))] as string, cosine: Math.max(...dots) };
  };
  /** Of a process of its own. */
  const run = async (program: string) => {
    writeFileSync(join(its.project.folder, 'program.mjs'), program);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: its.project.folder });
    return JSON.parse(stdout);
  };

  describe('Chroma', () => {
    let server: Awaited<ReturnType<typeof startChroma>>;
    const client = async () => new (await its.project.import('chromadb')).ChromaClient({ ...server });
    const make = async (options: object = { embedder: its.embedder }) =>
      new (await its.project.import('ovembed/chroma')).OvembedEmbeddingFunction(options);
    beforeAll(async () => {
      server = await startChroma();
    }, 300_000);
    afterAll(() => server?.stop());

    test('a collection embeds what it is given and asked for', async () => {
      const collection = await (await client()).createCollection({ name: 'given', embeddingFunction: await make() });
      const ids = TEXTS.map((_, i) => String(i));
      await collection.add({ ids, documents: TEXTS });
      const { embeddings } = await collection.get({ include: ['embeddings'] });
      for (const [i, row] of embeddings.entries()) {
        // To within a bit: Chroma scales vectors of this space to length 1 once more.
        for (const [j, value] of row.entries()) expect(value).toBeCloseTo(its.documents[i]?.[j] as number, 6);
      }
      const found = await collection.query({ queryTexts: [QUERY], nResults: 1 });
      expect(found.documents[0][0]).toBe(best().text);
      expect(found.distances[0][0]).toBeCloseTo(1 - best().cosine, 4); // cosine is the space, and the query has its prompt
    });

    test.each(['import', 'require'] as const)('by %s a collection finds its function again', async (way) => {
      await its.project[way]('ovembed/chroma');
      await its.project[way]('ovembed/chroma');
      const { ChromaClient } = await its.project[way]('chromadb');
      const collection = await new ChromaClient({ ...server }).getCollection({ name: 'given' });
      const { texts } = its.embedder.metrics();
      const found = await collection.query({ queryTexts: [QUERY], nResults: 1 });
      expect(found.documents[0][0]).toBe(best().text);
      expect(its.embedder.metrics().texts).toBe(texts + 1); // of the embedder that there is: none was loaded
    });

    test('what is kept names the model and no path', async () => {
      const named = await make({ model: its.project.model, ...OPTIONS, dimensions: 8, cacheDir: '/secret' });
      expect(named.getConfig()).toEqual({ model: 'tiny', dimensions: 8 });
      expect((await make()).getConfig()).toEqual({ model: 'tiny', fingerprint: its.embedder.info.fingerprint });
      const { ChromaClient } = await its.project.import('chromadb');
      const created = new ChromaClient({ ...server }).createCollection({ name: 'named', embeddingFunction: named });
      await (await created).add({ ids: ['a'], documents: ['a'] });
      expect(named.getConfig().fingerprint).toBe(its.embedder.info.fingerprint);
      await named.close();
      expect(() => named.validateConfigUpdate({ model: 'other' })).toThrow('model');
      expect(() => named.validateConfig({})).toThrow('model');
      const [kept, fingerprint] = [named.getConfig(), 'of another'];
      expect(() => named.validateConfigUpdate({ ...kept, model: 'copy', revision: 'main' })).not.toThrow();
      expect(() => named.validateConfigUpdate({ ...kept, fingerprint })).toThrow('fingerprint');
      expect(() => named.validateConfigUpdate({ ...kept, normalize: false })).toThrow('none, as before for normalize');
    });

    test('a collection of a model by name keeps its fingerprint', async () => {
      const { closeEmbedders, OvembedEmbeddingFunction } = await its.project.import('ovembed/chroma');
      const embeddingFunction = await OvembedEmbeddingFunction.create({ model: its.project.model, ...OPTIONS });
      const collection = await (await client()).createCollection({ name: 'created', embeddingFunction });
      const answer = await fetch(
        `http://${server.host}:${server.port}/api/v2/tenants/default_tenant/databases/default_database/collections/created`,
      );
      const { configuration_json } = (await answer.json()) as { configuration_json: { embedding_function: object } };
      expect(configuration_json.embedding_function).toMatchObject({
        name: 'ovembed',
        config: { model: 'tiny', fingerprint: its.embedder.info.fingerprint },
      });
      await collection.add({ ids: ['a'], documents: ['a'] });
      await closeEmbedders();
      await expect(collection.add({ ids: ['b'], documents: ['b'] })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    });

    test('of functions of one model all are closed, and equal ones share it', async () => {
      const { closeEmbedders, OvembedEmbeddingFunction } = await its.project.import('ovembed/chroma');
      const options = { model: its.project.model, ...OPTIONS };
      const [one, other] = [new OvembedEmbeddingFunction(options), new OvembedEmbeddingFunction(options)];
      await Promise.all([one.generate(['a']), other.generate(['a'])]);
      await closeEmbedders();
      for (const each of [one, other]) await expect(each.generate(['a'])).rejects.toMatchObject({ code: 'ERR_CLOSED' });
      await make();
      const shared = new OvembedEmbeddingFunction({ model: 'tiny' }); // no model is of that name here
      expect(await shared.generate(TEXTS)).toEqual(its.documents);
    });

    test('of two folders of one name each collection finds its own', async () => {
      const { Embedder } = its.ovembed;
      const { OvembedEmbeddingFunction } = await its.project.import('ovembed/chroma');
      const folder = join(its.project.folder, 'other/tiny');
      writeTinyModel(tinyModels.mean, folder);
      await using other = await Embedder.load(folder, OPTIONS);
      const kept = [(await make()).getConfig(), (await make({ embedder: other })).getConfig()];
      expect(kept.map(({ model }) => model)).toEqual(['tiny', 'tiny']);
      const vectors = await Promise.all(
        kept.map((config) => OvembedEmbeddingFunction.buildFromConfig(config).generate(TEXTS)),
      );
      expect(vectors).toEqual([its.documents, (await other.embedDocuments(TEXTS)).toArrays()]);
    });

    test('an embedder that its owner has closed is looked for no more', async () => {
      const { OvembedEmbeddingFunction } = await its.project.import('ovembed/chroma');
      const embedder = await its.ovembed.Embedder.load(its.project.model, OPTIONS);
      const kept = (await make({ embedder, dimensions: 5 })).getConfig();
      await embedder.close();
      const again = OvembedEmbeddingFunction.buildFromConfig(kept).generate(['a']);
      await expect(again).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' }); // by its name, which is none here
    });

    test('a prompt of calls is refused: a collection would not keep it', async () => {
      for (const prompt of [{ prompt: 'query: ' }, { promptName: 'query' }]) {
        await expect(make({ embedder: its.embedder, ...prompt })).rejects.toThrow(/prompt.*queryInstruction/);
      }
    });

    test('another process loads the model that is named, and refuses another than it was', async () => {
      const { documents, failure } = await run(`
        import { ChromaClient } from 'chromadb';
        import { closeEmbedders, OvembedEmbeddingFunction } from 'ovembed/chroma';
        process.chdir('models');
        const client = new ChromaClient(${JSON.stringify({ host: server.host, port: server.port })});
        const collection = await client.getCollection({ name: 'given' });
        const { documents } = await collection.query({ queryTexts: [${JSON.stringify(QUERY)}], nResults: 1 });
        const config = { model: 'tiny', fingerprint: 'of another' };
        const failure = await OvembedEmbeddingFunction.buildFromConfig(config).generate(['a']).catch(({ code }) => code);
        await closeEmbedders();
        console.log(JSON.stringify({ documents, failure }));`);
      expect(documents).toEqual([[best().text]]);
      expect(failure).toBe('ERR_MODEL_INVALID');
    });

    test('a function that cannot be made says so when it is used', async () => {
      const { OvembedEmbeddingFunction } = await its.project.import('ovembed/chroma');
      const made = OvembedEmbeddingFunction.buildFromConfig({ model: 'tiny', dimensions: 'many' });
      await expect(made.generate(['a'])).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      const unknown = OvembedEmbeddingFunction.buildFromConfig({ model: './nowhere' });
      await expect(unknown.generate(['a'])).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
    });
  });

  describe('LanceDB', () => {
    const open = async () => {
      const { connect } = await its.project.import('@lancedb/lancedb');
      const lance = await its.project.import('@lancedb/lancedb/embedding');
      return {
        ...lance,
        ...(await its.project.import('ovembed/lancedb')),
        db: await connect(join(its.project.folder, 'db')),
      };
    };

    test.each(['import', 'require'] as const)('by %s it is a TextEmbeddingFunction, registered once', async (way) => {
      const { TextEmbeddingFunction, getRegistry } = await its.project[way]('@lancedb/lancedb/embedding');
      const { OvembedEmbeddingFunction } = await its.project[way]('ovembed/lancedb');
      const made = await getRegistry().get('ovembed').create({ embedder: its.embedder });
      expect(made).toBeInstanceOf(TextEmbeddingFunction);
      expect(made).toBeInstanceOf(OvembedEmbeddingFunction);
      expect(made.ndims()).toBe(its.query.length);
    });

    test('a table embeds what it is given and searched for', async () => {
      const { db, LanceSchema, OvembedEmbeddingFunction } = await open();
      const fn = await OvembedEmbeddingFunction.create({ embedder: its.embedder });
      const schema = LanceSchema({ text: fn.sourceField(), vector: fn.vectorField() });
      const table = await db.createEmptyTable('texts', schema);
      await table.add(TEXTS.slice(0, 2).map((text) => ({ text })));
      await table.add(TEXTS.slice(2).map((text) => ({ text })));
      const rows = await table.query().toArray();
      const vectors = rows.map(({ vector }: { vector: Iterable<number> }) => Array.from(vector));
      expect(vectors.sort()).toEqual([...its.documents].sort());
      const [found] = await table.search(QUERY).distanceType('cosine').limit(1).toArray();
      expect(found.text).toBe(best().text);
      expect(found._distance).toBeCloseTo(1 - best().cosine, 4);
      expect(JSON.parse((await table.schema()).metadata.get('embedding_functions'))[0]).toEqual({
        name: 'ovembed',
        sourceColumn: 'text',
        vectorColumn: 'vector',
        model: { model: 'tiny', fingerprint: its.embedder.info.fingerprint },
      });
    });

    test('a model by name is loaded once, however often a table is used', async () => {
      const { closeEmbedders, db, LanceSchema, OvembedEmbeddingFunction } = await open();
      const fn = await OvembedEmbeddingFunction.create({ model: its.project.model, ...OPTIONS, dimensions: 8 });
      expect(fn.ndims()).toBe(8);
      const schema = LanceSchema({ text: fn.sourceField(), vector: fn.vectorField() });
      const table = await db.createTable(
        'named',
        TEXTS.map((text) => ({ text })),
        { schema },
      );
      const again = await OvembedEmbeddingFunction.create({ model: 'tiny', dimensions: 8 }); // 'tiny' is no model: shared
      expect(await again.generateEmbeddings([TEXTS[0]])).toEqual(await fn.generateEmbeddings([TEXTS[0]]));
      expect((await table.search(QUERY).limit(1).toArray())[0].vector.length).toBe(8);
      await closeEmbedders();
      await expect(fn.generateEmbeddings(['a'])).rejects.toMatchObject({ code: 'ERR_CLOSED' });
      expect(its.embedder.status().state).toBe('ready');
    });

    test('another process opens the table by what it keeps', async () => {
      const { text, failure } = await run(`
        import { connect } from '@lancedb/lancedb';
        import { getRegistry } from '@lancedb/lancedb/embedding';
        import { closeEmbedders } from 'ovembed/lancedb';
        process.chdir('models');
        const table = await (await connect('../db')).openTable('texts');
        const [{ text }] = await table.search(${JSON.stringify(QUERY)}).distanceType('cosine').limit(1).toArray();
        const other = { model: 'tiny', fingerprint: 'of another' };
        const failure = await getRegistry().get('ovembed').create(other).catch(({ code }) => code);
        await closeEmbedders();
        console.log(JSON.stringify({ text, failure }));`);
      expect(text).toBe(best().text);
      expect(failure).toBe('ERR_MODEL_INVALID');
    });

    test('a prompt of calls is refused, a folder by its path is loaded', async () => {
      const { OvembedEmbeddingFunction } = await open();
      const make = (options: object) => OvembedEmbeddingFunction.create(options);
      await expect(make({ embedder: its.embedder, prompt: 'query: ' })).rejects.toThrow(/prompt.*queryInstruction/);
      await using fn = await make({ model: its.project.model, dimensions: 4 });
      expect(fn.toJSON()).toEqual({ model: 'tiny', dimensions: 4, fingerprint: its.embedder.info.fingerprint });
    });

    test('variables of LanceDB are kept as variables', async () => {
      const { getRegistry, OvembedEmbeddingFunction } = await open();
      getRegistry().setVar('model', its.project.model);
      const fn = new OvembedEmbeddingFunction({ model: '$var:model', ...OPTIONS });
      expect(fn.toJSON()).toEqual({ model: '$var:model' });
      await fn.init();
      expect(fn.ndims()).toBe(its.query.length);
      expect(fn.toJSON()).toEqual({ model: '$var:model', fingerprint: its.embedder.info.fingerprint });
      await fn.close();
    });

    test('a table is used by its variables, and by those of another process', async () => {
      const { db, getRegistry, LanceSchema, OvembedEmbeddingFunction } = await open();
      getRegistry().setVar('model', its.project.model);
      getRegistry().setVar('device', 'CPU');
      await using fn = await OvembedEmbeddingFunction.create({
        model: '$var:model',
        device: '$var:device',
        ...OPTIONS,
      });
      const schema = LanceSchema({ text: fn.sourceField(), vector: fn.vectorField() });
      const table = await db.createTable('variables', [{ text: TEXTS[0] }], { schema });
      await table.add([{ text: TEXTS[1] }]);
      expect(await table.search(QUERY).toArray()).toHaveLength(2);
      const devices = await run(`
        import { connect } from '@lancedb/lancedb';
        import { getRegistry } from '@lancedb/lancedb/embedding';
        import { closeEmbedders } from 'ovembed/lancedb';
        getRegistry().setVar('model', ${JSON.stringify(its.project.model)});
        const devices = [];
        for (const device of ['no such', 'CPU']) {
          getRegistry().setVar('device', device);
          const table = await (await connect('./db')).openTable('variables');
          devices.push(await table.search('mill').toArray().then((found) => found.length, ({ code }) => code));
          await closeEmbedders();
        }
        console.log(JSON.stringify(devices));`);
      expect(devices).toEqual(['ERR_DEVICE_UNAVAILABLE', 2]);
    });

    test('options need not be JSON', async () => {
      const { db, LanceSchema, OvembedEmbeddingFunction } = await open();
      const nothing = async () => {};
      const level = { name: 'own', set: nothing, delete: nothing, clear: nothing, self: {} };
      level.self = level;
      const levels = [Object.assign(level, { get: (keys: string[]) => keys.map(() => undefined) })];
      await using fn = await OvembedEmbeddingFunction.create({
        model: its.project.model,
        ...OPTIONS,
        cache: { levels },
      });
      const schema = LanceSchema({ text: fn.sourceField(), vector: fn.vectorField() });
      const table = await db.createTable('cyclic', [{ text: TEXTS[0] }], { schema });
      expect(await table.search(QUERY).toArray()).toHaveLength(1);
    });
  });
});
