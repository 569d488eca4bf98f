'use strict';
/* What the other files build the page with. Text of a log goes through textContent and
 * setAttribute alone, under names that are written here; nothing is ever parsed as HTML. */

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') for (const [type, fn] of Object.entries(value)) node.addEventListener(type, fn);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : visible(String(child)));
  }
  return node;
}

function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/* Characters that turn text around, hide in it or end its line are shown by their numbers. */
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

function cut(text, length) {
  return text.length > length ? text.slice(0, length - 1) + '\u2026' : text;
}

function count(n, one, many) {
  return n.toLocaleString('en') + ' ' + (n === 1 ? one : many);
}

/* 2026-03-17T14:05:11Z as 03-17 14:05:11, or as 14:05:11 */
function clock(t) {
  return t ? t.slice(5, 10) + ' ' + t.slice(11, 19) : '';
}

function ms(t) {
  return t ? Date.parse(t) : NaN;
}

/* What people call it: of arn:aws:iam::1:user/ops/dana "dana", of an assumed role Role/session. */
function shortName(name) {
  if (!name) return '(unnamed)';
  if (!name.startsWith('arn:')) return name;
  const rest = name.split(':').slice(5).join(':');
  if (rest.startsWith('assumed-role/')) return rest.slice(13);
  return rest.split('/').pop() || name;
}

function actorName(actor) {
  return actor.kind + ' ' + (actor.kind === 'root' ? actor.account : shortName(actor.name));
}

const LOGS = {vpcflow: 'VPC flow log', okta: 'Okta', github: 'GitHub', k8s_audit: 'Kubernetes'};

/* Which log a step is of. */
function logName(step) {
  return Object.hasOwn(LOGS, step.source || '') ? LOGS[step.source] : 'CloudTrail';
}

/* What the step did, in few words: Okta's types have the telling part behind, a flow's name only says
 * whether it was let through, and verbs of Kubernetes are everybody's. */
function deedLabel(step) {
  if (step.source === 'okta') return (step.event || '').split('.').slice(-2).join('.');
  if (step.source === 'vpcflow') return 'flow ' + (step.event || '');
  if (step.source === 'k8s_audit') return [step.event, step.targets[0]?.[0]].filter(Boolean).join(' ');
  return step.event || '(no name)';
}

let sections = 0;

/* A part of the page with its heading. */
function section(title, ...children) {
  const id = 'part' + sections++;
  return el('section', {'aria-labelledby': id}, el('h2', {id}, title), children);
}

/* A picture that may be wider than the page: it scrolls, by keyboard too. */
function wide(label, ...children) {
  return el('div', {class: 'wide', tabindex: 0, role: 'region', 'aria-label': label + ', scrolls'}, children);
}

function table(caption, heads, rows) {
  return el('table', {}, el('caption', {}, caption),
    el('thead', {}, el('tr', {}, heads.map(h => el('th', {scope: 'col'}, h)))),
    el('tbody', {}, rows.map(r => el('tr', {}, r.map(c => el('td', {}, c))))));
}

/* The first of many, and how many there are. */
function some(list, most, one, many) {
  return list.length > most ? `The first ${most} of ${count(list.length, one, many)}.` : '';
}

/* Text with a button that copies it. */
function command(text) {
  const said = el('span', {role: 'status', class: 'said'});
  const copy = () => navigator.clipboard.writeText(text)
    .then(() => { said.textContent = 'copied'; }, () => { said.textContent = 'select and copy it'; });
  const button = el('button', {type: 'button', 'aria-label': 'Copy: ' + text, on: {click: copy}}, 'Copy');
  return el('div', {class: 'command'}, el('code', {}, text), navigator.clipboard ? button : null, said);
}

/* Only the first of the nodes is in the order of Tab; arrows go from one to the next. */
function roving(nodes) {
  nodes.forEach((node, i) => {
    node.setAttribute('tabindex', i === 0 ? 0 : -1);
    node.addEventListener('keydown', event => {
      const by = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      const to = event.key === 'Home' ? nodes[0] : event.key === 'End' ? nodes[nodes.length - 1] : nodes[i + by];
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); node.dispatchEvent(new Event('click')); }
      if (!to) return;
      event.preventDefault();
      node.setAttribute('tabindex', -1);
      to.setAttribute('tabindex', 0);
      to.focus();
    });
  });
}

function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = el('a', {download: name});
  link.href = url;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
