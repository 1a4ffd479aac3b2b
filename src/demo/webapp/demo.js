'use strict';
// Two panes, one session. Pane = one node: fetch() with the cookie, and one WebSocket. Nothing is shared between the panes but
// the numbers that the page itself has counted, to compare them with what the session holds.

const COUNTER = /^(HTTP|WS)-/;
const WINDOW = 32;              // WebSocket counts on their way at once
const LOG_LINES = 8;
const DRAW_MILLIS = 120;
const counted = {};             // counter -> where it began, plus how often the page has counted and been answered
const panes = [];

class Pane {
  constructor(node) {
    this.node = node;
    this.http = null;           // what HTTP said last
    this.live = null;           // what the socket pushed last
    this.waiting = [];          // who waits for an answer to a count, in order
    this.busy = 0;
    const root = document.getElementById('pane').content.cloneNode(true).querySelector('section');
    this.root = root;
    this.find = selector => root.querySelector(selector);
    root.id = 'pane-' + node.name;
    this.find('h2').textContent = 'Node ' + node.name;
    this.find('.origin').textContent = node.origin.replace('http://', '');
    this.find('.count-http').textContent = `Count HTTP-${node.name}`;
    this.find('.count-ws').textContent = `Count WS-${node.name}`;
    this.find('.set').addEventListener('submit', event => this.set(event));
    this.find('.count-http').addEventListener('click', () => this.driveHttp(rounds()));
    this.find('.count-ws').addEventListener('click', () => this.driveSocket(rounds()));
    this.find('.new-id').addEventListener('click', () => this.post('newId', {}, 'new session id asked for'));
    this.find('.log-out').addEventListener('click', () => this.post('logOut', {}, 'logged out'));
    this.find('.reopen').addEventListener('click', () => this.open());
    document.getElementById('panes').append(root);
  }

  // ---- HTTP

  async ask(options) {
    const response = await fetch(this.node.origin + location.pathname.replace(/[^/]*$/, '') + 'session',
      { credentials: 'include', ...options });
    if (!response.ok && response.status !== 409) throw new Error('HTTP ' + response.status);
    const view = await response.json();
    if (this.http && this.http.id && view.id === null) this.log('HTTP: no session any more');
    if (this.http && this.http.id && view.id && this.http.id !== view.id) this.log('HTTP: session id is ' + view.id + '…');
    this.http = view;
    drawSoon();
    return response.ok;
  }

  look() { return this.ask({}).catch(failure => this.log('HTTP: ' + failure.message, true)); }

  async post(action, parameters, said) {
    try {
      const done = await this.ask({ method: 'POST', body: new URLSearchParams({ action, ...parameters }) });
      if (said) this.log(done ? 'HTTP: ' + said : 'HTTP: there is no session', !done);
      return done;
    } catch (failure) {
      this.log('HTTP: ' + failure.message, true);
      return false;
    }
  }

  // ---- WebSocket

  open() {
    if (this.socket) this.socket.close(1000, 'opened anew');
    const socket = new WebSocket(this.node.origin.replace('http', 'ws') + location.pathname.replace(/[^/]*$/, '') + 'socket');
    this.socket = socket;
    this.closed = null;
    this.live = null;
    return new Promise(opened => {
      socket.onopen = () => { this.log('socket open'); drawSoon(); opened(); };
      socket.onmessage = event => { if (this.socket === socket) this.heard(JSON.parse(event.data)); };
      socket.onclose = event => {
        opened();
        if (this.socket !== socket) return;
        this.closed = event;
        this.log(`socket closed: ${event.code} ${event.reason}`, event.code !== 1000);
        this.waiting.splice(0).forEach(answer => answer(false));
        drawSoon();
      };
      drawSoon();
    });
  }

  get isOpen() { return this.socket && this.socket.readyState === WebSocket.OPEN; }

  heard(message) {
    if ('counted' in message) this.waiting.shift()?.(true);
    else if ('refused' in message) { this.log('socket: ' + message.refused, true); this.waiting.shift()?.(false); }
    else if ('ended' in message) this.log('socket: its session has ended', true);
    else {
      if (this.live && this.live.id !== message.id) this.log('socket: session id is ' + message.id + '…, still open');
      this.live = message;
      drawSoon();
    }
  }

  // ---- what the buttons do

  async set(event) {
    event.preventDefault();
    const form = event.target, name = form.name.value, value = form.value.value;
    if (event.submitter && event.submitter.value === 'ws') {
      if (!this.isOpen) return this.log('socket: not open', true);
      this.socket.send(`set\n${name}\n${value}`);
      this.log(`socket: set ${name}`);
    } else if (await this.post('set', { name, value }, `set ${name}`)) {
      panes.forEach(pane => pane.look());
    }
  }

  async driveHttp(times) {
    const counter = 'HTTP-' + this.node.name;
    await this.drive('.count-http', counter, times, async () => {
      for (let i = 0; i < times; i++) {
        if (!await this.post('count', {})) return;
        counted[counter]++;
      }
    });
  }

  async driveSocket(times) {
    const counter = 'WS-' + this.node.name;
    await this.drive('.count-ws', counter, times, async () => {
      const running = new Set();
      for (let i = 0; i < times && this.isOpen; i++) {
        const answer = new Promise(resolve => this.waiting.push(resolve))
          .then(done => { running.delete(answer); if (done) counted[counter]++; });
        running.add(answer);
        this.socket.send('count');
        if (running.size >= WINDOW) await Promise.race(running);
      }
      await Promise.all(running);
    });
  }

  async drive(button, counter, times, work) {
    this.find(button).disabled = true;
    counted[counter] ??= this.stored(counter);
    const from = counted[counter], began = performance.now();
    await work();
    const done = counted[counter] - from;
    this.log(`${counter}: ${done} of ${times} in ${Math.round(performance.now() - began)} ms`, done !== times);
    this.find(button).disabled = false;
    panes.forEach(pane => pane.look());
  }

  stored(counter) { return Math.max(this.live?.attributes[counter] ?? 0, this.http?.attributes[counter] ?? 0); }

  // ---- what is seen

  log(text, bad) {
    const line = document.createElement('li'), time = document.createElement('time');
    time.textContent = new Date().toLocaleTimeString('en-GB');
    line.append(time, text);
    if (bad) line.className = 'bad';
    const log = this.find('.log');
    log.prepend(line);
    while (log.children.length > LOG_LINES) log.lastChild.remove();
  }

  draw() {
    const pill = this.find('.socket');
    pill.textContent = this.isOpen ? 'socket open'
      : this.closed ? `socket closed: ${this.closed.code} ${this.closed.reason || ''}` : 'socket connecting';
    pill.className = 'socket ' + (this.isOpen ? 'open' : this.closed ? 'closed' : '');
    this.find('.id-http').textContent = this.http?.id ? this.http.id + '…' : 'none';
    this.find('.id-ws').textContent = this.closed ? 'ended' : this.live ? this.live.id + '…' : '-';
    this.find('.reopen').hidden = !this.closed;
    this.drawAttributes();
    this.drawCounters();
  }

  drawAttributes() {
    const byHttp = this.http?.attributes ?? {}, bySocket = this.closed ? {} : this.live?.attributes ?? {};
    const names = [...new Set([...Object.keys(byHttp), ...Object.keys(bySocket)])].filter(name => !COUNTER.test(name)).sort();
    const before = this.cells ?? {};
    this.cells = {};
    const rows = names.map(name => {
      const remove = document.createElement('button');
      remove.textContent = '×';
      remove.title = 'remove by HTTP';
      remove.onclick = async () => { await this.post('remove', { name }, `removed ${name}`); panes.forEach(pane => pane.look()); };
      const texts = [name, byHttp[name] ?? '', bySocket[name] ?? ''];
      const cells = texts.map(String).map((text, column) => this.cell(name + column, text, before));
      return row(...cells, cell(remove));
    });
    if (!rows.length) {
      const none = cell(this.http && this.http.id === null ? 'no session: begin one above'
        : 'no attribute yet: set one, and watch it in the other pane');
      none.colSpan = 4;
      none.className = 'none';
      rows.push(row(none));
    }
    this.find('.attributes tbody').replaceChildren(...rows);
  }

  drawCounters() {
    const names = panes.flatMap(pane => ['HTTP-' + pane.node.name, 'WS-' + pane.node.name]);
    this.find('.counters tbody').replaceChildren(...names.map(name => {
      const view = this.closed ? this.http : this.live;
      const stored = view?.attributes[name] ?? 0, expected = counted[name] ?? stored, same = stored === expected;
      const mark = cell(!view?.id || !expected ? '' : same ? '✓' : '…');
      mark.className = same ? 'same' : 'other';
      return row(cell(name), cell(expected.toLocaleString('en')), cell(view?.id ? stored.toLocaleString('en') : '-'), mark);
    }));
  }

  cell(key, text, before) {
    const td = cell(text);
    this.cells[key] = text;
    if (Object.keys(before).length && before[key] !== text) td.className = 'fresh';
    return td;
  }
}

function cell(content) {
  const td = document.createElement('td');
  td.append(content);
  return td;
}

function row(...cells) {
  const tr = document.createElement('tr');
  tr.append(...cells);
  return tr;
}

let drawing = false;
function drawSoon() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    panes.forEach(pane => pane.draw());
    document.getElementById('begin').hidden = panes.every(pane => pane.isOpen);
  }, DRAW_MILLIS);
}

function rounds() { return Math.max(1, Number(document.getElementById('rounds').value) || 1); }

async function begin() {
  const here = panes.find(pane => pane.node.origin === location.origin) ?? panes[0];
  await here.post('begin', {});
  Object.keys(counted).forEach(name => delete counted[name]);
  await Promise.all(panes.map(pane => pane.look()));
  await Promise.all(panes.map(pane => pane.open()));
}

async function start() {
  const nodes = await (await fetch('nodes')).json();
  panes.push(...nodes.map(node => new Pane(node)));
  document.getElementById('begin').onclick = begin;
  document.getElementById('drive').onclick = () =>
    Promise.all(panes.flatMap(pane => [pane.driveHttp(rounds()), pane.driveSocket(rounds())]));
  await begin();
  setInterval(() => panes.forEach(pane => pane.look()), 1000);
}

start();
