/* All steps: filtered, sorted, in pages, as CSV; and a record by click. */

const PAGE = 200;

const FIELDS = [
  ['Time', s => s.t || ''], ['Identity', s => s.who], ['Call', s => s.event || ''], ['Outcome', s => s.error || (s.recalled ? 'not known' : 'ok')],
  ['What', s => s.targets.map(t => t.join(' ')).join(', ')], ['Address', s => s.ip || ''],
  ['Country', s => s.country || ''], ['Region', s => s.region || ''], ['Log', logName], ['Alerts', s => s.titles], ['Agent', s => s.agent || '']];

/* A spreadsheet takes a cell that begins so for a formula. */
function csvCell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
  return '"' + safe.replace(/"/g, '""') + '"';
}

function toCsv(rows) {
  const heads = FIELDS.map(f => f[0]).concat(['Service', 'Account', 'Key', 'Event id', 'File']);
  const line = s => FIELDS.map(f => f[1](s)).concat([s.source || '', s.account || '', s.key || '', s.id || '', s.fileName]);
  return [heads, ...rows.map(line)].map(cells => cells.map(c => csvCell(visible(String(c)))).join(',')).join('\r\n') + '\r\n';
}

function rowOf(story, step) {
  const cells = FIELDS.map(([, get], n) => el('td', {title: visible(get(step))}, n === 2
    ? el('button', {type: 'button', class: 'plain', on: {click: () => showStep(story, step)}}, get(step) || '(no name)') : cut(get(step), 160)));
  return el('tr', {class: step.error ? 'failed' : step.signals.length ? 'alert' : null}, cells);
}

function stepTable(story) {
  const view = {rows: story.steps, at: 0, by: -1, down: false};
  const body = el('tbody', {}), said = el('p', {role: 'status'}), heads = [];
  const show = () => {
    const rows = view.rows.slice(view.at, view.at + PAGE);
    body.replaceChildren(...rows.map(s => rowOf(story, s)));
    said.textContent = view.rows.length ? `Rows ${view.at + 1} to ${view.at + rows.length} of ${view.rows.length.toLocaleString('en')}` : 'No row.';
    before.disabled = view.at === 0;
    next.disabled = view.at + PAGE >= view.rows.length;
  };
  const turn = by => { view.at = Math.max(0, view.at + by); show(); };
  const before = el('button', {type: 'button', on: {click: () => turn(-PAGE)}}, 'Previous page');
  const next = el('button', {type: 'button', on: {click: () => turn(PAGE)}}, 'Next page');
  const order = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    view.rows = story.steps.filter(s => (!only.checked || s.signals.length) && words.every(w => searchText(s).includes(w)));
    if (view.by >= 0) {
      const get = FIELDS[view.by][1], sign = view.down ? -1 : 1;
      view.rows = view.rows.slice().sort((a, b) => sign * (get(a) < get(b) ? -1 : get(a) > get(b) ? 1 : 0));
    }
    view.at = 0;
    show();
  };
  const sortBy = n => {
    view.down = view.by === n && !view.down;
    view.by = n;
    heads.forEach((h, k) => h.setAttribute('aria-sort', k !== n ? 'none' : view.down ? 'descending' : 'ascending'));
    order();
  };
  const filter = el('input', {type: 'search', id: 'filter', on: {input: order}});
  const only = el('input', {type: 'checkbox', id: 'only', on: {change: order}});
  FIELDS.forEach(([name], n) => heads.push(el('th', {scope: 'col', 'aria-sort': 'none'},
    el('button', {type: 'button', class: 'plain', on: {click: () => sortBy(n)}}, name))));
  const save = () => download('steps-' + story.incident.id + '.csv', toCsv(view.rows), 'text/csv');
  const part = section('All steps', el('div', {class: 'tools'},
    el('label', {for: 'filter'}, 'Filter '), filter, only, el('label', {for: 'only'}, ' only what alerts name '),
    before, next, el('button', {type: 'button', on: {click: save}}, 'Save these rows as CSV')), said,
  wide('All steps', el('table', {class: 'steps'}, el('caption', {}, 'Steps; click a call for its record'), el('thead', {}, el('tr', {}, heads)), body)));
  show();
  return part;
}

function searchText(step) {
  if (!step.search) step.search = FIELDS.map(f => f[1](step)).concat([step.source, step.account, step.key, step.id]).join(' ').toLowerCase();
  return step.search;
}
