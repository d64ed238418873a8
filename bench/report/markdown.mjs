import { sectionsOf } from './sections.mjs';

/** @returns {string} */
export function toMarkdown(report) {
  return `${['# ovembed bench', ...sectionsOf(report).map(section)].join('\n\n')}\n`;
}

function section({ title, text, table, notes = [] }) {
  const list = notes.map((note) => `- ${note.replaceAll('\n', '\n  ')}`).join('\n');
  return [`## ${title}`, text, table && tableOf(table), list].filter(Boolean).join('\n\n');
}

function tableOf({ header, rows }) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
