/* The story as swim lanes: a lane for each identity, or each long-lived key of one; time goes to the
 * right, a column for each deed. Where an identity issues, makes or becomes another, an arrow leads
 * to that one's lane. */

const COLUMN = 26, LANE = 122, NAMES = 200, COLUMNS_MAX = 600, LANES_MAX = 60;

/* A lane's key: console and other temporary keys are many, and say nothing. */
function laneKey(actor, step) {
  const own = (actor.kind === 'user' || actor.kind === 'root') && /^AKIA/.test(step.key || '');
  return actor.id + '|' + (own ? step.key : '');
}

/* Whether a step only reads and no alert names it: such are told as one. */
function isQuiet(step) {
  return step.signals.length === 0 && step.access === 'read';
}

/* Deeds: alike calls of a lane are one until something is changed in it, or something else is.
 * {lane, column, label, steps, failed, alert} */
function foldSteps(story) {
  const lanes = new Map(), open = new Map(), deeds = [];
  for (const step of story.steps) {
    const actor = story.actorById.get(step.actor), key = laneKey(actor, step);
    if (!lanes.has(key)) lanes.set(key, {key, actor, akid: key.split('|').pop(), at: lanes.size, deeds: [], logs: []});
    if (!lanes.get(key).logs.includes(logName(step))) lanes.get(key).logs.push(logName(step));
    const quiet = isQuiet(step), failed = Boolean(step.error);
    const name = quiet ? 'reads' : [step.source, deedLabel(step), failed].join(' ');
    const alike = open.get(key) || new Map();
    let deed = alike.get(name);
    if (!deed) {
      deed = {lane: lanes.get(key), column: deeds.length, name, quiet, failed: !quiet && failed,
        label: quiet ? 'reads' : deedLabel(step), steps: [], alert: false};
      deeds.push(deed);
      deed.lane.deeds.push(deed);
      if (step.access !== 'read') alike.clear();
      open.set(key, alike.set(name, deed));
    }
    deed.steps.push(step);
    deed.alert = deed.alert || step.signals.length > 0;
    story.deedOf.set(step.id, deed);
  }
  return {lanes: [...lanes.values()], deeds};
}

const RANK = ['informational', 'low', 'medium', 'high', 'critical'];

function deedLevel(story, deed) {
  let level = -1;
  for (const step of deed.steps)
    for (const n of step.signals) level = Math.max(level, RANK.indexOf(story.incident.signals[n].level));
  return level < 0 ? 'none' : RANK[level];
}

function deedTitle(story, deed) {
  const step = deed.steps[0], last = deed.steps[deed.steps.length - 1];
  const titles = new Set(deed.steps.flatMap(s => s.signals.map(n => story.incident.signals[n].rule.title)));
  const targets = step.targets.map(t => t.join(' ')).slice(0, 3).join(', ');
  return [deed.quiet ? 'calls that only read' : (step.event || deed.label) + (logName(step) === 'CloudTrail' ? '' : ` (${logName(step)})`), deed.steps.length > 1 ? '\u00d7' + deed.steps.length : '',
    targets && !deed.quiet ? 'on ' + targets : '', deed.failed ? 'refused: ' + step.error : '',
    clock(step.t) + (last !== step ? ' to ' + clock(last.t) : ''), titles.size ? 'Alerts: ' + [...titles].join('; ') : '']
    .filter(Boolean).join(', ');
}

function laneY(lane) {
  return 118 + lane.at * LANE;
}

function deedX(deed) {
  return 14 + deed.column * COLUMN;
}

function drawDeed(story, deed) {
  const x = deedX(deed), y = laneY(deed.lane);
  const title = visible(deedTitle(story, deed));
  const text = cut(deed.label.replace(/(\d{4}_?\d\d_?\d\d(v\d+)?)$/, ''), 22) + (deed.steps.length > 1 ? ' \u00d7' + deed.steps.length : '');
  return svg('g', {class: `deed ${deedLevel(story, deed)}${deed.failed ? ' failed' : ''}${deed.quiet ? ' quiet' : ''}`,
    role: 'button', 'aria-label': title, 'data-lane': deed.lane.key, on: {click: () => showDeed(story, deed)}},
  svg('title', {}, title),
  svg('circle', {cx: x, cy: y, r: deed.quiet ? 4 : 7}),
  svg('text', {x: x + 2, y: y - 12, transform: `rotate(-42 ${x + 2} ${y - 12})`}, text));
}

function drawLane(lane) {
  const y = laneY(lane), last = lane.deeds[lane.deeds.length - 1];
  return lane.deeds.length ? svg('g', {class: 'lane'}, svg('line', {x1: deedX(lane.deeds[0]), x2: deedX(last), y1: y, y2: y})) : null;
}

/* Beside the picture, so that they stay while it scrolls. */
function laneName(lane) {
  const y = laneY(lane), keyed = lane.actor.kind === 'user' || lane.actor.kind === 'root';
  return svg('g', {}, svg('text', {x: 0, y: y - 2, class: 'lane-name'}, svg('title', {}, visible(lane.actor.name || '')), cut(actorName(lane.actor), 27)),
    svg('text', {x: 0, y: y + 13, class: 'lane-key'}, lane.akid || (keyed ? 'console or temporary key' : lane.logs.join(', '))));
}

/* Lanes that a link can end at, by actor's id and by key's id. */
function laneOf(story, lanes, id) {
  const akid = story.keyById.get(id);
  return lanes.find(l => akid ? l.akid === akid : l.actor.id === id);
}

/* Where on the maker's lane it happened: at the deed of the link's event, else at the last before. */
function linkStart(story, lanes, link) {
  const deed = story.deedOf.get(link.event);
  if (deed) return deed;
  const lane = laneOf(story, lanes, link.from);
  if (!lane) return null;
  const before = lane.deeds.filter(d => ms(d.steps[0].t) <= ms(link.time));
  return before.length ? before[before.length - 1] : lane.deeds[0];
}

function drawLink(story, lanes, link) {
  const from = linkStart(story, lanes, link), lane = laneOf(story, lanes, link.to);
  if (!from || !lane || lane === from.lane || !lane.deeds.length) return null;
  const to = lane.deeds.find(d => d.column > from.column) || lane.deeds[0];
  const x1 = deedX(from), y1 = laneY(from.lane), x2 = deedX(to), y2 = laneY(lane);
  const down = y2 > y1 ? 1 : -1, middle = Math.max(x1, x2 - 12);
  const path = `M${x1} ${y1 + 7 * down} C${x1} ${y2} ${middle - 10} ${y2} ${x2 - 9} ${y2}`;
  const title = visible(`${link.type} (${link.strength})${link.time ? ' at ' + clock(link.time) : ''}`);
  return svg('g', {class: 'link ' + link.strength, role: 'img', 'aria-label': title},
    svg('title', {}, title), svg('path', {d: path, 'marker-end': 'url(#arrow)'}),
    svg('text', {x: x1 + 5, y: y1 + 22 * down + (down < 0 ? 8 : 0)}, link.type));
}

function arrowHead() {
  return svg('defs', {}, svg('marker', {id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto'},
    svg('path', {d: 'M0 0L8 4L0 8z'})));
}

/* What is beyond the limits is in the table. */
function lanesCut(folded, shown) {
  const lanes = folded.lanes.length - LANES_MAX, deeds = folded.deeds.length - shown.length;
  if (lanes <= 0 && deeds <= 0) return '';
  return `${count(shown.length, 'deed', 'deeds')} of ${folded.deeds.length.toLocaleString('en')} are drawn; all steps are in the table below.`;
}

function shownDeeds(folded) {
  let deeds = folded.deeds.filter(d => d.lane.at < LANES_MAX);
  if (deeds.length > COLUMNS_MAX) deeds = deeds.filter(d => d.alert);
  deeds = deeds.slice(0, COLUMNS_MAX);
  deeds.forEach((d, n) => { d.column = n; });
  for (const lane of folded.lanes) lane.deeds = deeds.filter(d => d.lane === lane);
  return deeds;
}

function storyLanes(story) {
  story.deedOf = new Map();
  const folded = foldSteps(story), deeds = shownDeeds(folded);
  const lanes = folded.lanes.slice(0, LANES_MAX);
  const width = 150 + deeds.length * COLUMN, height = 30 + lanes.length * LANE;
  const nodes = deeds.map(d => drawDeed(story, d));
  roving(nodes);
  const picture = svg('svg', {width, height, viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': 'Lanes of identities; arrow keys go from deed to deed'},
    arrowHead(), lanes.map(drawLane), story.incident.links.map(l => drawLink(story, lanes, l)), nodes);
  const names = svg('svg', {width: NAMES, height, viewBox: `0 0 ${NAMES} ${height}`, role: 'img', 'aria-label': 'Identities: ' + visible(lanes.map(l => actorName(l.actor)).join(', '))}, lanes.map(laneName));
  return section('Attack story',
    el('p', {}, 'From left to right; a lane for each identity. Filled: it succeeded, hollow: it was refused. Grey: no alert names it. ',
      'Alike calls between two changes are one dot. A dashed arrow is a guess. Click for the records. ', lanesCut(folded, deeds)),
    lanes.length ? el('div', {class: 'lanes'}, names, wide('Attack story', picture)) : el('p', {}, 'None of the records read is a step of it.'));
}
