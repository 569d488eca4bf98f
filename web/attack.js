/* Tactics of MITRE ATT&CK from left to right, the techniques seen, and what prevents each. */

const TACTICS = ['TA0043', 'TA0042', 'TA0001', 'TA0002', 'TA0003', 'TA0004', 'TA0005', 'TA0006',
  'TA0007', 'TA0008', 'TA0009', 'TA0011', 'TA0010', 'TA0040'];

function techniqueName(a) {
  return a.technique && a.technique_name ? `${a.technique} ${a.technique_name}` : a.technique || 'no technique named';
}

function preventions(story) {
  const rows = new Map(story.attack.filter(a => a.prevent).map(a => [a.technique, [techniqueName(a), a.prevent]]));
  return rows.size ? wide('Prevention', table('What each technique asks for', ['Technique', 'Prevention'],
    [...rows.entries()].sort().map(([, row]) => row))) : null;
}

function attackStrip(story) {
  const columns = new Map();
  for (const a of story.attack) {
    const id = a.tactic || '';
    if (!columns.has(id)) columns.set(id, {id, name: a.tactic_name || a.tactic || 'Other', list: []});
    columns.get(id).list.push(a);
  }
  const rank = c => (TACTICS.indexOf(c.id) + 100) % 100;
  const ordered = [...columns.values()].sort((a, b) => rank(a) - rank(b));
  return section('ATT&CK, and what would have prevented it',
    ordered.length ? wide('ATT&CK tactics', el('div', {class: 'tactics'}, ordered.map(c =>
      el('div', {class: 'tactic'}, el('h3', {}, c.name), el('ul', {}, c.list.map(a => el('li', {}, techniqueName(a), el('span', {class: 'small'}, ' \u00d7' + a.signals.length))))))))
      : el('p', {}, 'The rules name none.'), preventions(story));
}
