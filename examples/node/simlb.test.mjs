// node --test examples/node    (Node 20; `simlb` on the PATH)
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import readline from 'node:readline';
import { after, test } from 'node:test';

const targets = ['a', 'b'].map((name) => http.createServer((_, response) => response.end(name)));
await Promise.all(targets.map((target) => once(target.listen(0, '127.0.0.1'), 'listening')));
const urls = targets.map((target) => `http://127.0.0.1:${target.address().port}`);
const args = ['serve', '--ephemeral', '--json', '--manual-clock', ...urls];
const simlb = spawn('simlb', args, { stdio: ['pipe', 'pipe', 'inherit'] }); // it ends when this process does
const line = JSON.parse((await once(readline.createInterface(simlb.stdout), 'line'))[0]);
const ask = async (method, path, body) => (await fetch(`${line.control.url}/api/v1/${path}`, {
  method, body: body && JSON.stringify(body), headers: { Authorization: `Bearer ${line.control.token}` } })).json();
const get = async () => (await fetch(line.listeners[0].url)).status;
after(() => [simlb.stdin.end(), ...targets.map((target) => [target.close(), target.closeAllConnections()])]);

test('a faulty target answers in vain, and a dead one leaves after two health checks', async () => {
  await ask('POST', 'wait', { target_group: 'web', healthy: 2 });
  await ask('POST', 'faults', { type: 'http.abort', on: 'i-01', parameters: { status: 503 }, count: 1 });
  assert.deepEqual([await get(), await get(), await get()], [503, 200, 200]);
  await new Promise((closed) => [targets[1].close(closed), targets[1].closeAllConnections()]);
  await ask('POST', 'clock/advance', { seconds: 60 }); // a minute of AWS, milliseconds here
  await ask('POST', 'wait', { target: 'i-02', state: 'unhealthy' });
  assert.deepEqual([await get(), await get()], [200, 200]);
  const { records } = await ask('GET', 'traffic');
  assert.deepEqual(records.map((record) => record.target), ['i-01', 'i-02', 'i-01', 'i-01', 'i-01']);
});
