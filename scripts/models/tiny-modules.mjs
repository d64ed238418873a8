/** The modules after Pooling, with random weights: their folders as SentenceTransformer.save() writes them. */
import { uniform } from './random.mjs';
import { encodeSafetensors } from './safetensors.mjs';
import { linearScale, SIGNIFICAND_BITS } from './tiny-bert.mjs';

/** Paths of the classes since 6.x and before. */
const TYPES = {
  Dense: ['base.modules.dense.Dense', 'models.Dense'],
  LayerNorm: ['sentence_transformer.modules.layer_norm.LayerNorm', 'models.LayerNorm'],
  Normalize: ['base.modules.normalize.Normalize', 'models.Normalize'],
};

/** @param activation last parts of the class path in torch.nn.modules; null: left out of the configuration */
export function dense(inputs, outputs, { bias = true, activation = 'linear.Identity', dtype = 'F32' } = {}) {
  return { type: 'Dense', inputs, outputs, bias, activation, dtype };
}

export function layerNorm(width) {
  return { type: 'LayerNorm', width, dtype: 'F32' };
}

export function normalize() {
  return { type: 'Normalize' };
}

export function moduleType(type, isNew) {
  return TYPES[type][isNew ? 0 : 1];
}

/** The modules after Pooling with the folder of each, a Normalize at the end among them. */
export function modulesAfterPooling({ modules, normalize: normalizes }) {
  const all = normalizes ? [...modules, normalize()] : modules;
  return all.map((module, index) => ({ ...module, folder: `${index + 2}_${module.type}` }));
}

/** Content of the modules' files by path. Before 6.x Normalize had none. */
export function moduleFiles(spec) {
  const files = {};
  for (const module of modulesAfterPooling(spec)) {
    const { folder, type } = module;
    if (type === 'Normalize' && spec.layout === 'old') continue;
    files[`${folder}/config.json`] = `${JSON.stringify(configOf(module), null, 2)}\n`;
    if (type !== 'Normalize') files[`${folder}/model.safetensors`] = encodeSafetensors(tensorsOf(module));
  }
  return files;
}

function configOf({ type, inputs, outputs, bias, activation, width }) {
  const names = { module_input_name: 'sentence_embedding', module_output_name: 'sentence_embedding' };
  if (type === 'Normalize') return names;
  if (type === 'LayerNorm') return { dimension: width };
  const stated = activation === null ? {} : { activation_function: `torch.nn.modules.${activation}` };
  return { in_features: inputs, out_features: outputs, bias, ...stated, ...names };
}

function tensorsOf({ folder, type, inputs, outputs, bias, width, dtype }) {
  const tensor = (name, shape, scale) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { name, dtype, shape, values: uniform(`${folder}/${name}`, count, scale, SIGNIFICAND_BITS[dtype]) };
  };
  if (type === 'LayerNorm') return [tensor('norm.weight', [width], 2), tensor('norm.bias', [width], 0.5)];
  const weight = tensor('linear.weight', [outputs, inputs], linearScale(inputs));
  return bias ? [weight, tensor('linear.bias', [outputs], 0.25)] : [weight];
}
