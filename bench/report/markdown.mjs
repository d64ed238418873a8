import { sectionsOf } from './sections.mjs';

/**
 * @param {object} report
 * @param {import('./sections.mjs').Section[]} [sections]
 * @returns {string}
 */
export function toMarkdown(report, sections = sectionsOf(report)) {
  return `${['# ovembed bench', ...sections.map(section)].join('\n\n')}\n`;
}

function section({ title, text, table, notes = [] }) {
  const list = notes.map((note) => `- ${note.replaceAll('\n', '\n  ')}`).join('\n');
  return [`## ${title}`, text, table && tableOf(table), list].filter(Boolean).join('\n\n');
}

function tableOf({ header, rows }) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
