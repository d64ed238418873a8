/** As much of an OpenAPI document as the page shows. */
export interface OpenApi {
  info: { description?: string; version: string };
  tags: { name: string; description?: string }[];
  security?: object[];
  paths: Record<string, Record<string, Operation>>;
}

export interface Operation {
  tags?: string[];
  summary?: string;
  security?: object[];
  parameters?: { in: string; name: string; required?: boolean; description?: string; schema: Schema }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<
    string,
    { description: string; content?: Record<string, Media>; headers?: Record<string, Described> }
  >;
}

export interface Media {
  schema: Schema;
  example?: unknown;
}

interface Described {
  description?: string;
  schema: Schema;
}

export interface Schema {
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** A field, with the names of those that it is in. */
export interface Field {
  name: string;
  type: string;
  required: boolean;
  description: string;
}

/** All fields, those of objects and of lists of objects after them. */
export function fieldsOf(schema: Schema, prefix = ''): Field[] {
  const inner = schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;
  if (inner.items) return fieldsOf(inner.items, `${prefix}[]`);
  return Object.entries(inner.properties ?? {}).flatMap(([key, field]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const required = inner.required?.includes(key) ?? false;
    return [{ name, type: typeOf(field), required, description: descriptionOf(field) }, ...fieldsOf(field, name)];
  });
}

const descriptionOf = ({ description, anyOf = [] }: Schema): string =>
  description ?? anyOf.find((one) => one.description)?.description ?? '';

export function typeOf(schema: Schema): string {
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.items) return `list of ${schema.items.anyOf ? `(${typeOf(schema.items)})` : typeOf(schema.items)}`;
  return [schema.type ?? 'anything'].flat().join(' or ');
}

/** A shell command that sends an example. */
export function curl(base: string, method: string, path: string, body: unknown, needsKey: boolean): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const url = base + path.slice(1).replace('{name}', 'NAME');
  const parts = [`curl ${quoted(url)}`];
  if (method !== 'get' && body === undefined) parts.push(`-X ${method.toUpperCase()}`);
  if (needsKey) parts.push('-H "Authorization: Bearer $OVEMBED_API_KEY"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return parts.join(' \\\n  ');
}
