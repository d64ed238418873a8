/** The API page: what `openapi.json` says, for people. */
import { byId, type Child, el, fill } from './dom.js';
import { curl, type Field, fieldsOf, type OpenApi, type Operation, typeOf } from './openapi.js';

interface Route {
  method: string;
  path: string;
  operation: Operation;
}

const COPIED_MS = 2_000;
const base = new URL('.', location.href).href;

const routesOf = ({ paths }: OpenApi): Route[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );

function show(document: OpenApi): void {
  const routes = routesOf(document);
  const groups = document.tags.map(({ name, description = '' }) => ({
    name,
    description,
    routes: routes.filter(({ operation }) => operation.tags?.includes(name)),
  }));
  fill(
    byId('contents'),
    ...groups.flatMap((group) => [el('h2', {}, group.name), el('ul', {}, ...group.routes.map(linkTo))]),
  );
  const sections = groups.map((group) =>
    el(
      'section',
      { 'aria-label': group.name },
      el('h2', {}, group.name),
      el('p', {}, group.description),
      ...group.routes.map((route) => article(route, document)),
    ),
  );
  fill(byId('routes'), ...sections);
}

const idOf = ({ method, path }: Route) => `${method}${path.replace(/[^a-z0-9]+/gi, '-')}`;

const linkTo = (route: Route) => el('li', {}, el('a', { href: `#${idOf(route)}` }, ...nameOf(route)));

const nameOf = ({ method, path }: Route): Child[] => [
  el('span', { class: 'method' }, method.toUpperCase()),
  ' ',
  el('code', {}, path),
];

function article(route: Route, { security = [] }: OpenApi): HTMLElement {
  const { method, path, operation } = route;
  const { summary = '', parameters = [], requestBody, responses } = operation;
  const needsKey = (operation.security ?? security).length > 0;
  const body = Object.values(requestBody?.content ?? {})[0];
  const command = curl(base, method, path, body?.example, needsKey);
  const asked = parameters.map(({ in: where, name, required = false, description = '', schema }) => ({
    name: `${name} (${where})`,
    type: typeOf(schema),
    required,
    description,
  }));
  return el(
    'article',
    { id: idOf(route), tabindex: -1 },
    el('h3', {}, ...nameOf(route)),
    el('p', {}, summary, needsKey ? ' Needs a key.' : ''),
    code(command, `${method.toUpperCase()} ${path}`),
    fields(`What ${path} takes`, [...(body ? fieldsOf(body.schema) : []), ...asked], true),
    ...Object.entries(responses).flatMap(([status, response]) => answer(path, status, response)),
  );
}

function answer(
  path: string,
  status: string,
  { description, content = {}, headers = {} }: Operation['responses'][string],
): Child[] {
  const [type, media] = Object.entries(content)[0] ?? [];
  const title = status === 'default' ? 'Otherwise' : status;
  const what = media ? ` (${type === 'application/json' ? typeOf(media.schema) : type})` : '';
  const told = Object.entries(headers).map(([name, header]) => ({
    name: `${name} (header)`,
    type: typeOf(header.schema),
    required: false,
    description: header.description ?? '',
  }));
  const rows = [...(media ? fieldsOf(media.schema) : []), ...told];
  return [
    el(
      'details',
      {},
      el('summary', {}, el('b', {}, title), ' ', description, el('span', { class: 'quiet' }, what)),
      fields(`What ${path} answers`, rows, false),
    ),
  ];
}

/** @param tellsRequired of what is answered, all but what is said otherwise is there */
function fields(label: string, all: Field[], tellsRequired: boolean): Child {
  if (all.length === 0) return null;
  const items = all.flatMap(({ name, type, required, description }) => [
    el('dt', {}, el('code', {}, name), ' ', type, tellsRequired && required ? el('b', {}, ' required') : null),
    description === '' ? null : el('dd', {}, description),
  ]);
  return el('dl', { class: 'fields', 'aria-label': label }, ...items);
}

function code(command: string, name: string): HTMLElement {
  const text = el('code', {}, command);
  const button = el('button', { type: 'button', 'aria-label': `Copy the command for ${name}` }, 'Copy');
  button.addEventListener('click', () => void copy(command, text));
  return el(
    'div',
    { class: 'code' },
    el('pre', { tabindex: 0, role: 'region', 'aria-label': `Command for ${name}` }, text),
    button,
  );
}

/** Where the browser has no clipboard for pages, as over plain HTTP from another machine, it is selected to be copied by hand. */
async function copy(command: string, text: HTMLElement): Promise<void> {
  const toast = byId('copied');
  try {
    await navigator.clipboard.writeText(command);
    toast.textContent = 'Copied';
  } catch {
    getSelection()?.selectAllChildren(text);
    toast.textContent = 'Selected: copy it with Ctrl+C';
  }
  setTimeout(() => (toast.textContent = ''), COPIED_MS);
}

async function load(): Promise<void> {
  const response = await fetch('openapi.json');
  if (!response.ok) throw new Error(`openapi.json: the server answered ${response.status}.`);
  show((await response.json()) as OpenApi);
  // It was not there yet when the browser looked for it.
  if (location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

load().catch((error: Error) => fill(byId('routes'), el('p', { class: 'failure' }, error.message)));
