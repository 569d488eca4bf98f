/* Reads the data block and shows the gravest story; a list leads to the others. */

function prepare(report, story) {
  const i = story.incident;
  story.actorById = new Map(i.actors.map(a => [a.id, a]));
  story.keyById = new Map(i.keys.concat(i.actors.flatMap(a => a.keys)).map(k => [k.id, k.key]));
  story.stepById = new Map(story.steps.map(s => [s.id, s]));
  for (const s of story.steps) {
    s.who = actorName(story.actorById.get(s.actor));
    s.titles = [...new Set(s.signals.map(n => i.signals[n].rule.title))].join('; ');
    s.fileName = report.files[s.file]?.name || '';
  }
  const last = story.steps.length ? ms(story.steps[story.steps.length - 1].t) : NaN;
  const quiet = ms(report.limits.newest) - last;
  story.quiet_ms = Number.isFinite(quiet) ? Math.max(0, quiet) : null;
}

function show(report, at) {
  const story = report.stories[at];
  sections = 0;
  if (!story.actorById) prepare(report, story);
  document.getElementById('story').replaceChildren(
    choice(report, at), verdict(story), doNow(story), questions(story), storyLanes(story), identityGraph(story),
    timeAndPlace(story), attackStrip(story), stepTable(story), advice(story), evidence(report, story), footer(report, story));
}

function choice(report, at) {
  if (report.stories.length < 2) return '';
  return el('nav', {'aria-label': 'Incidents'}, el('ul', {}, report.stories.map((s, n) => el('li', {},
    el('button', {type: 'button', 'aria-current': n === at ? 'true' : null, on: {click: () => show(report, n)}},
      el('span', {class: 'level ' + s.incident.level}, s.incident.level), ' ', s.incident.title || s.incident.id, ' ', clock(s.incident.first))))));
}

function main() {
  const report = JSON.parse(document.getElementById('data').textContent);
  if (report.stories.length) show(report, 0);
  else document.getElementById('story').append(el('h1', {}, 'No incident'), el('p', {}, `None was found in ${count(report.limits.records, 'record', 'records')}.`));
}

main();
