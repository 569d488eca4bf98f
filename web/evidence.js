/* Records, the policy that was recommended, what the story is made of, and what it cannot know. */

function rawOf(step) {
  if (step.raw === undefined) return null;
  if (!rawOf.lines) rawOf.lines = document.getElementById('raw').textContent.split('\n');
  const text = JSON.parse(rawOf.lines[step.raw]);
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

function stepDetail(story, step) {
  const raw = rawOf(step);
  const titles = step.signals.map(n => story.incident.signals[n]);
  return el('article', {}, el('h3', {}, `${step.t || ''} ${step.event || ''}`),
    el('p', {}, step.who, ', ', logName(step), step.error ? `, refused: ${step.error}` : '', step.ip ? `, from ${step.ip}` : ''),
    titles.length ? el('ul', {}, titles.map(s => el('li', {}, el('span', {class: 'level ' + s.level}, s.level), ' ' + s.rule.title))) : null,
    el('p', {class: 'small'}, 'Event ', el('code', {}, step.id || '(none)'), step.fileName ? ' in ' : '', step.fileName ? el('code', {}, step.fileName) : null),
    raw === null ? el('p', {}, step.recalled ? 'The record was not read; this is what the alert kept of it.' : 'The record is not in this page: it was too long, or left out for sharing.') : el('pre', {tabindex: 0}, raw));
}

/* A dialog over the page; Escape closes it and goes back. */
function dialog(title, ...children) {
  const close = el('button', {type: 'button', on: {click: () => box.close()}}, 'Close');
  const box = el('dialog', {'aria-label': title, on: {close: () => box.remove()}}, close, children);
  document.body.append(box);
  box.showModal();
}

function showStep(story, step) {
  dialog('Record', stepDetail(story, step));
}

function showDeed(story, deed) {
  if (deed.steps.length === 1) { showStep(story, deed.steps[0]); return; }
  const shown = deed.steps.slice(0, 200);
  dialog('Records', el('h3', {}, `${deed.label} \u00d7${deed.steps.length}`), el('p', {}, some(deed.steps, 200, 'call', 'calls')),
    el('ul', {}, shown.map(s => el('li', {}, el('button', {type: 'button', class: 'plain',
      on: {click: () => showStep(story, s)}}, `${s.t || ''} ${s.event || ''} ${s.targets.map(t => t.join(' ')).join(', ')} ${s.error || ''}`)))));
}

function actionRows(list) {
  return list.slice(0, 200).map(a => [el('code', {}, a.action), el('ul', {}, a.resources.slice(0, 5).map(r => el('li', {}, r))), a.count, a.first || '']);
}

/* Made of what the identity was seen to need before; what came after is listed and left out. */
function recommended(a) {
  const heads = ['Action', 'On', 'Uses', 'First'], sentence = list => el('ul', {}, list.map(t => el('li', {}, t)));
  return [el('p', {}, 'For ', el('code', {}, a.principal), a.since ? `, by its use before ${a.since}` : '', a.since_by ? ` (${a.since_by})` : '', '. It is never applied by itself.'),
    a.refusals.length ? [el('p', {}, 'No policy is recommended:'), sentence(a.refusals)] : null,
    a.document ? el('pre', {tabindex: 0}, JSON.stringify(a.document, null, 2)) : null,
    a.caveats.length ? [el('h3', {}, 'Mind'), sentence(a.caveats)] : null,
    a.excluded.length ? [el('h3', {}, 'First used afterwards, and left out'), wide('Left out', table('Left out', heads, actionRows(a.excluded))),
      el('p', {}, some(a.excluded, 200, 'action', 'actions'))] : null,
    isPlain(a.principal) ? [el('p', {}, 'With other logs, times or regions:'), command(`trailwarden policy '${a.principal}' --from PATH --since TIME`)] : null];
}

function advice(story) {
  return section('Recommended policy', story.advice ? recommended(story.advice)
    : el('p', {}, 'None is made for this incident: it is for the users and roles that began the gravest ones, from logs, and not where names are left out or memory did not suffice.'));
}

function unknowns(story) {
  const logs = new Set(story.steps.map(logName)), objects = story.steps.some(s => s.source === 's3.amazonaws.com' && /Object/.test(s.event || ''));
  return ['How a key, a password or a token got out is not in CloudTrail.',
    objects ? 'Calls on S3 objects are logged at least in part; other data events may not be.'
      : 'No call on an S3 object is among the steps: there was none, or data events are off and reading would not show.',
    'Calls of trails, accounts and regions that were not read are missing, and so are those that come later: CloudTrail delivers within some minutes, sometimes hours.',
    'Of services and whole accounts only what alerts name is told: their other calls are other people\u2019s. So it is of a machine\u2019s flows.',
    'An arrow says whose credentials issued or made another identity, not who sat at the keyboard.',
    logs.has('VPC flow log') ? 'A flow log has addresses, ports and bytes, not what was said; a flow is told when its interval ends, and its time is that of its begin.' : '',
    logs.has('Kubernetes') ? 'The audit policy of a cluster decides which requests are told with their bodies, and which not at all.' : '',
    logs.has('Okta') || logs.has('GitHub') ? 'What people do in applications behind Okta, and with what they took from GitHub, is in the logs of these.' : ''].filter(Boolean);
}

function cuts(report, story) {
  const l = report.limits, list = story.incident.truncated.map(t => `${t.what}: ${t.kept} of ${t.total} are told.`);
  if (l.stopped) list.push(`The logs were not read to their end: ${l.stopped}. Steps of the rest are told only as far as alerts name them.`);
  if (l.passed_over) list.push(`${count(l.passed_over, 'file', 'files')} of other days were passed over.`);
  if (story.cut.steps) list.push(`${count(story.cut.steps, 'step was', 'steps were')} left out for want of room; those that alerts name stay first.`);
  if (l.incidents) list.push(`${count(l.incidents, 'less grave incident is', 'less grave incidents are')} not in this page.`);
  if (l.lost) list.push(`${count(l.lost, 'step', 'steps')} found no room while reading.`);
  if (l.files) list.push(`${count(l.files, 'file is', 'files are')} not listed.`);
  return list.length ? list : ['Nothing was cut.'];
}

function evidence(report, story) {
  const l = report.limits, used = new Set(story.steps.map(s => s.file));
  const files = report.files.map((f, n) => [f, n]).filter(([, n]) => used.has(n)), shown = files.slice(0, 200);
  return section('Evidence and limits',
    el('p', {}, `${count(l.records, 'record', 'records')} of ${count(report.files.length + l.files, 'file', 'files')} were read, ${count(l.copies, 'copy', 'copies')} of a step among them; the newest is of ${l.newest || 'an unknown time'}. ${count(story.steps.length, 'step', 'steps')} of this incident.`),
    el('h3', {}, 'What was cut'), el('ul', {}, cuts(report, story).map(t => el('li', {}, t))),
    el('h3', {}, 'What it cannot know'), el('ul', {}, unknowns(story).map(t => el('li', {}, t))),
    el('h3', {}, 'Files that steps came from'),
    wide('Files', table('Files', ['File', 'SHA-256 as stored', 'Records'], shown.map(([f]) => [f.name, el('code', {}, f.sha256 || 'not read whole'), f.records]))),
    el('p', {}, some(files, 200, 'file', 'files')));
}

function footer(report, story) {
  const rules = new Map(story.incident.signals.map(s => [s.rule.id, s.rule.title]));
  return el('footer', {}, el('p', {}, `Made by trailwarden ${report.version}; rules `, el('code', {}, report.rules.slice(0, 16)), '.'),
    el('details', {}, el('summary', {}, count(rules.size, 'rule', 'rules') + ' fired'), el('ul', {}, [...rules].map(([id, title]) => el('li', {}, title + ' ', el('code', {}, id))))),
    el('p', {class: 'small'}, 'Authors and licences of the rules are in the rules\u2019 files. MITRE ATT&CK is a mark of The MITRE Corporation. ',
      'Countries and networks come from the database that the scan was given.'));
}
