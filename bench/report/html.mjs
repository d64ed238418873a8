/** One file that needs nothing else: no script, no font, no address. */
import { sectionsOf } from './sections.mjs';
import { drawChart, escapeXml } from './svg.mjs';

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #1b2733; background: #fff; margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; }
  h1 { margin: 0; } h2 { margin: 2.5rem 0 0.5rem; border-bottom: 1px solid #d5dde5; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; font-size: 13px; margin: 0.75rem 0; font-variant-numeric: tabular-nums; }
  th, td { border-bottom: 1px solid #e3e9ef; padding: 0.3rem 0.7rem; text-align: left; vertical-align: top; }
  th { background: #f3f6f9; font-weight: 600; }
  td:not(:first-child) { min-width: 4.5rem; }
  .pass { color: #14712f; font-weight: 600; } .fail { color: #b3261e; font-weight: 600; } .none { color: #66727f; }
  li { margin: 0.15rem 0; white-space: pre-line; overflow-wrap: anywhere; } ul { padding-left: 1.2rem; font-size: 13px; }
  .charts { display: flex; flex-wrap: wrap; gap: 1rem; }
  svg { max-width: 100%; height: auto; }
`;

/** Verdicts of bars; everything else is plain text. */
const CLASSES = { pass: 'pass', fail: 'fail', 'not measured': 'none', 'not for this CPU': 'none' };

/** @returns {string} */
export function toHtml(report) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>ovembed bench, ${escapeXml(report.date)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>ovembed bench</h1>
${sectionsOf(report).map(section).join('\n')}
</body>
</html>
`;
}

function section({ title, text, table, notes = [], charts = [] }) {
  const parts = [`<h2>${escapeXml(title)}</h2>`];
  if (text) parts.push(`<p>${escapeXml(text)}</p>`);
  if (table) parts.push(tableOf(table));
  if (notes.length > 0) parts.push(`<ul>${notes.map((note) => `<li>${escapeXml(note)}</li>`).join('')}</ul>`);
  if (charts.length > 0) parts.push(`<div class="charts">${charts.map(drawChart).join('')}</div>`);
  return parts.join('\n');
}

function tableOf({ header, rows }) {
  const head = header.map((cell) => `<th>${escapeXml(cell)}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map(cellOf).join('')}</tr>`).join('\n');
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function cellOf(text) {
  const style = Object.hasOwn(CLASSES, text) ? ` class="${CLASSES[text]}"` : '';
  return `<td${style}>${escapeXml(text)}</td>`;
}
