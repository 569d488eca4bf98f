/* Identities and keys, and who made, issued or became whom: layers from left to right, each node to
 * the right of who is behind it. */

const BOX = 190, GAP_X = 140, GAP_Y = 62, GRAPH_MAX = 200;

function graphNodes(story) {
  const nodes = new Map();
  for (const a of story.incident.actors)
    nodes.set(a.id, {id: a.id, label: shortName(a.kind === 'root' ? a.account : a.name), kind: a.kind, note: count(a.events, 'event', 'events'), began: a.began});
  for (const l of story.incident.links)
    for (const id of [l.from, l.to])
      if (!nodes.has(id) && story.keyById.has(id)) nodes.set(id, {id, label: story.keyById.get(id), kind: 'key', note: '', began: false});
  return [...nodes.values()].slice(0, GRAPH_MAX);
}

/* The longest way from somebody whom nobody is behind; rounds are bounded, so a ring ends. */
function layer(nodes, links) {
  const byId = new Map(nodes.map(n => [n.id, n]));
  nodes.forEach(n => { n.layer = 0; });
  const ends = links.map(l => [byId.get(l.from), byId.get(l.to)]).filter(([a, b]) => a && b && a !== b);
  for (let round = 0, moved = true; round < 12 && moved; round++) {
    moved = false;
    for (const [a, b] of ends)
      if (b.layer <= a.layer && a.layer < 11) { b.layer = a.layer + 1; moved = true; }
  }
  return byId;
}

/* Within a layer near those who are behind them. */
function place(nodes, byId, links) {
  const layers = [];
  for (const n of nodes) (layers[n.layer] = layers[n.layer] || []).push(n);
  layers.filter(Boolean).forEach((list, at) => {
    const behind = n => links.filter(l => l.to === n.id && byId.has(l.from)).map(l => byId.get(l.from).y || 0);
    const mean = n => { const ys = behind(n); return ys.length ? ys.reduce((a, b) => a + b, 0) / ys.length : Infinity; };
    if (at) list.map(n => [mean(n), n]).sort((a, b) => a[0] - b[0] || 0).forEach(([, n], k) => { list[k] = n; });
    list.forEach((n, k) => { n.x = 10 + at * (BOX + GAP_X); n.y = 10 + k * GAP_Y; });
  });
}

function drawNode(node) {
  const title = visible(`${node.kind} ${node.label}${node.note ? ', ' + node.note : ''}${node.began ? ', began it' : ''}`);
  return svg('g', {class: 'node ' + (node.began ? 'began' : ''), role: 'img', 'aria-label': title, 'data-node': node.id},
    svg('title', {}, title),
    svg('rect', {x: node.x, y: node.y, width: BOX, height: 42, rx: 6}),
    svg('text', {x: node.x + 8, y: node.y + 17, class: 'kind'}, node.kind + (node.note ? ', ' + node.note : '')),
    svg('text', {x: node.x + 8, y: node.y + 33}, cut(node.label, 25)));
}

/* Links with the same ends as one, by the surest of them. */
function joinLinks(links) {
  const joined = new Map();
  for (const l of links) {
    const key = l.from + ' ' + l.to, known = joined.get(key);
    if (!known) joined.set(key, {...l});
    else if (!known.type.split(', ').includes(l.type)) known.type += ', ' + l.type;
    if (known && known.strength === 'weak') known.strength = l.strength;
  }
  return [...joined.values()];
}

function drawEdge(byId, link) {
  const a = byId.get(link.from), b = byId.get(link.to);
  if (!a || !b || a === b) return null;
  const x1 = a.x + BOX, y1 = a.y + 21, x2 = b.x, y2 = b.y + 21, m = (x1 + x2) / 2;
  return svg('g', {class: 'link ' + link.strength},
    svg('path', {d: `M${x1} ${y1} C${m} ${y1} ${m} ${y2} ${x2 - 2} ${y2}`, 'marker-end': 'url(#arrow)'}),
    svg('text', {x: m, y: (y1 + y2) / 2 - 4, 'text-anchor': 'middle'}, link.type));
}

function linkTable(story) {
  const name = id => story.actorById.has(id) ? actorName(story.actorById.get(id)) : story.keyById.has(id) ? 'key ' + story.keyById.get(id) : id;
  const links = story.incident.links.slice(0, 400);
  return el('details', {}, el('summary', {}, 'The same as a table'),
    wide('Links', table('Who is behind whom', ['Who', 'Link', 'Whom', 'How sure', 'When', 'Record'],
      links.map(l => [name(l.from), l.type, name(l.to), l.strength, l.time || '', el('code', {}, l.event || '')]))));
}

function identityGraph(story) {
  const nodes = graphNodes(story), links = story.incident.links;
  const byId = layer(nodes, links);
  place(nodes, byId, links);
  const width = Math.max(...nodes.map(n => n.x + BOX), 0) + 20, height = Math.max(...nodes.map(n => n.y), 0) + 62;
  const all = story.incident.actors.length + story.incident.keys.length;
  const drawn = nodes.map(drawNode);
  if (drawn.length) roving(drawn);
  const picture = svg('svg', {width, height, viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': 'Identities and links; arrow keys go from one to the next'},
    joinLinks(links).map(l => drawEdge(byId, l)), drawn);
  return section('Identities', el('p', {}, nodes.length < all && nodes.length === GRAPH_MAX ? `The first ${GRAPH_MAX} of ${all}.` : ''),
    nodes.length ? wide('Identities', picture) : el('p', {}, 'No identity is known.'), linkTable(story));
}
