/* Verdict, what to do now, the four questions. */

function verdict(story) {
  const i = story.incident;
  const quiet = story.quiet_ms;
  const active = quiet === null ? 'When it ended is not known.' : quiet < 3600000
    ? 'Still active when the logs end: the last step is ' + count(Math.round(quiet / 60000), 'minute', 'minutes') + ' before the newest record.'
    : 'The last step is ' + count(Math.round(quiet / 3600000), 'hour', 'hours') + ' before the newest record read.';
  return el('header', {class: 'verdict'},
    el('h1', {}, el('span', {class: 'level ' + i.level}, i.level), ' ', i.title || 'Incident'),
    el('p', {class: 'sentence'}, i.summary),
    story.answers.happened ? el('p', {class: 'sentence'}, story.answers.happened) : null,
    el('p', {}, [i.first && `${i.first} to ${i.last}. `, active, ' ',
      i.accounts.length ? 'Account ' + i.accounts.join(', ') + '. ' : '',
      'Incident ', el('code', {}, i.id), i.updates ? `, update ${i.updates}` : '', '.',
      i.joined ? ' Joined by ' + i.joined.join(', ') + '.' : '']));
}

/* Only what a shell takes as it stands goes into a command. */
function isPlain(text) {
  return /^[A-Za-z0-9:/_+=,.@-]+$/.test(text || '');
}

/* Account, kind and name: the path of a session's role is not always known. */
function bare(principal) {
  const parts = (principal || '').split(':');
  return parts.length < 6 ? principal : parts[4] + ':' + parts[5].split('/')[0] + '/' + parts[5].split('/').pop();
}

function stateOf(story, principal) {
  if (!story.containment) return null;
  return story.containment.find(c => bare(c.principal) === bare(principal)) || null;
}

function containmentSteps(record) {
  return el('ul', {}, (record.steps || []).map(s => el('li', {},
    `${s.strategy || s.verb || 'step'}: ${s.state}`, s.why ? ` (${s.why})` : '')),
  record.by ? el('li', {}, 'by ' + record.by) : null,
  record.undo ? el('li', {}, 'Undo: ', command(record.undo)) : null);
}

/* What a person said of it: that it is compromised, or is not. */
function markOf(story, principal) {
  const mark = (story.marks || []).find(m => principal && bare(m.principal) === bare(principal));
  return mark ? el('p', {}, el('strong', {}, mark.marked ? 'Marked as compromised' : 'Cleared'), mark.by ? ` by ${mark.by}` : '',
    mark.at ? ` at ${mark.at}` : '', mark.reason ? `: ${mark.reason}` : '.') : null;
}

function todoRow(story, todo) {
  const actor = story.actorById.get(todo.actor);
  const record = todo.principal && stateOf(story, todo.principal);
  const state = todo.cannot ? 'not possible' : record ? record.state : story.containment ? 'not contained' : 'not known';
  return [actorName(actor), el('strong', {class: 'state ' + state.replace(/ /g, '-')}, state),
    [todo.cannot ? todo.cannot + '.' : null, markOf(story, todo.principal), record ? containmentSteps(record) : null,
      !record && isPlain(todo.principal) ? command(`trailwarden contain '${todo.principal}'`) : null]];
}

function doNow(story) {
  const open = story.todo.filter(t => t.principal && !stateOf(story, t.principal)).length;
  const rows = story.todo.slice(0, 60).map(t => todoRow(story, t)), first = rows.slice(0, 6), rest = rows.slice(6);
  const list = (caption, some) => wide(caption, table(caption, ['Identity', 'State', 'What to do'], some));
  return section('Do now',
    el('p', {}, story.containment ? `${count(open, 'identity is', 'identities are')} not contained. `
      : ['The logs do not say what was contained: ', el('code', {}, 'trailwarden contained'), ' does. '],
    'All of them at once, where a state has the incident (first with --dry-run):'),
    command('trailwarden contain --incident ' + story.incident.id),
    list('Containment, identity by identity', first),
    rest.length ? el('details', {}, el('summary', {}, count(rest.length, 'more identity', 'more identities')), list('The others', rest)) : null,
    el('p', {}, some(story.todo, 60, 'identity', 'identities')));
}

function touchedList(story) {
  const shown = story.touched.slice(0, 100);
  return el('details', {}, el('summary', {}, count(story.touched.length, 'resource', 'resources') + ', one by one'),
    el('ul', {}, shown.map(t => el('li', {}, `${t.access} ${t.type} `, el('b', {}, t.name),
      t.count > 1 ? ` \u00d7${t.count}` : '', t.sensitive ? ' (sensitive)' : ''))),
    el('p', {}, some(story.touched, 100, 'resource', 'resources')));
}

function questions(story) {
  const a = story.answers;
  const item = (question, answer, ...more) => el('div', {class: 'answer'}, el('dt', {}, question), el('dd', {}, el('p', {}, answer), more));
  const entry = story.stepById.get(story.entry);
  return section('Four questions', el('dl', {class: 'answers'},
    item('Which resources were touched?', a.resources, touchedList(story)),
    item('Whose credentials?', a.credentials),
    item('How did they get in?', a.entry,
      entry ? el('button', {type: 'button', on: {click: () => showStep(story, entry)}}, 'Show the record') : null),
    item('Where else is this identity seen?', a.elsewhere)));
}
