// What a run's page makes of its journal without a page: every moment, the map, the replay.
import assert from 'node:assert/strict';
import { test } from 'node:test';

const at = new URL('../../simlb/console/static/js/scenarios/', import.meta.url);
const load = (name) => import(new URL(name, at).href);
const { Tale } = await load('tale.js');
const { faultsAt, isStillAt, itemsBetween, lastIndex, partAt, questionAt, ratesAt, sentenceAt } =
    await load('moment.js');
const { sceneAt } = await load('scene.js');
const { percentile, pointsUntil } = await load('series.js');
const { Playhead } = await load('playhead.js');

const SPEED = 10;
const both = (text) => ({ en: text, ko: text });
const WORDS = { check: ({ path, I }) => `${path} ${I}`, none: 'none' };
const TOPOLOGY = {
    load_balancers: [
        {
            name: 'alb',
            listeners: [
                {
                    protocol: 'HTTP',
                    port: 80,
                    rules: [{ priority: 'default', action: 'forward', target_groups: ['web'] }],
                },
                { protocol: 'HTTPS', port: 443, rules: [] },
            ],
        },
    ],
    target_groups: [
        { name: 'web', algorithm: 'round_robin', health_check: { path: '/up' }, targets: ['i-01', 'i-02'] },
    ],
};

function record(type, atS, more = {}) {
    return { type, at_s: atS, real_s: atS / SPEED, ...more };
}

function request(number, atS, elb, target, name = 'i-01') {
    const placed = { load_balancer: 'alb', group: 'web', target: name };
    return record('request', atS, {
        number,
        received_at_s: atS - 0.1,
        elb_status: elb,
        target_status: target,
        ...placed,
    });
}

/** A story: it begins at 10, i-02 dies at 30, a question stands from 20 to 80, and it is over at 200. */
function told(more = []) {
    const records = [
        record('meta', 0, {
            title: both('A story'),
            speed: SPEED,
            variables: { I: 30 },
            groups: { web: ['i-01', 'i-02'] },
        }),
        record('state', 1, { group: 'web', target: 'i-01', state: 'healthy', evidence: '200 in 1 ms' }),
        record('state', 1, { group: 'web', target: 'i-02', state: 'healthy' }),
        record('steady', 9, { is_steady: true, seen: ['healthy(web) == 2 (2)'] }),
        record('mark', 10, { name: 'start' }),
        record('step', 10, { step: 1 }),
        record('say', 10, { words: both('It begins.') }),
        request(0, 12.5, 200, 200),
        record('ask', 20, { question: both('?'), choices: [both('a'), both('b')], answer: 1 }),
        record('answer', 80, { chosen: 0 }),
        record('fault', 90, { id: 'crash', fault: 'target.crash', on: ['i-02'] }),
        record('say', 90, { words: both('Dead.') }),
        record('sample', 91, { in_flight: { 'i-01': 3 } }),
        request(1, 92, 502, undefined, 'i-02'),
        request(2, 93, 500, 500),
        record('client', 93.5, { load: 'tls', number: 1, started_at_s: 83.5, latency_s: 10, error: 'connect_timeout' }),
        record('client', 94, { load: 'users', number: 2, started_at_s: 93, latency_s: 0.25, status: 200 }),
        record('state', 130, { group: 'web', target: 'i-02', previous: 'healthy', state: 'unhealthy', reason: 'R' }),
        record('settled', 140, { id: 'detect', has_passed: true, seen: both('40 s') }),
        record('heal', 150, { id: 'crash' }),
        record('mark', 160, { name: 'end' }),
        record('expectation', 199, { id: 'detect', has_passed: true, seen: both('40 s'), expected: both('60 s') }),
        record('end', 200, { outcome: 'passed' }),
        ...more,
    ];
    const tale = new Tale();
    for (const one of records) tale.add(JSON.stringify(one));
    return tale;
}

test('a moment is found among those before it', () => {
    assert.deepEqual(
        [0, 1, 1.5, 2, 9].map((when) => lastIndex([1, 2, 2], when)),
        [-1, 0, 0, 2, 2],
    );
    assert.equal(lastIndex([{ at: 1 }, { at: 3 }], 2), 0);
    assert.equal(lastIndex([], 2), -1);
});

test('every moment has its sentence, its question and its part', () => {
    const tale = told();
    assert.equal(sentenceAt(tale, 9), null);
    assert.equal(sentenceAt(tale, 89).words.en, 'It begins.');
    assert.equal(sentenceAt(tale, 90).words.en, 'Dead.');
    assert.deepEqual(
        [5, 10, 159, 160, 199, 200].map((when) => partAt(tale, when)),
        ['starting', 'told', 'told', 'ending', 'ending', 'over'],
    );
    assert.equal(questionAt(tale, 19), null);
    assert.equal(questionAt(tale, 20).answer, 1);
    assert.equal(questionAt(tale, 80).chosen, 0);
    assert.equal(questionAt(tale, 80 + 6 * SPEED - 1).isRight, false);
    assert.equal(questionAt(tale, 80 + 6 * SPEED), null, 'an answer is in sight for six seconds');
    assert.deepEqual(
        [19, 20, 79, 80].map((when) => isStillAt(tale, when)),
        [false, true, true, false],
    );
});

test('a pause over a question lasts until both are over', () => {
    const tale = told();
    const paused = new Tale();
    for (const line of [
        record('meta', 0, {}),
        record('ask', 5, { question: both('?'), choices: [both('a')], answer: 0 }),
        record('pause', 6),
        record('answer', 7),
        record('resume', 9),
        record('pause', 20),
    ])
        paused.add(JSON.stringify(line));
    assert.deepEqual(paused.stills, [
        { from: 5, to: 9 },
        { from: 20, to: Infinity },
    ]);
    assert.deepEqual(tale.stills, [{ from: 20, to: 80 }]);
});

test('the map shows states, faults, rates and what is in flight at a moment, also an earlier one', () => {
    const tale = told();
    const late = sceneAt(tale, TOPOLOGY, 149, WORDS);
    const early = sceneAt(tale, TOPOLOGY, 92.5, WORDS);
    const targets = (scene) => scene.groups[0].targets.map(({ state, faults }) => [state, faults]);
    assert.deepEqual(targets(late), [
        ['healthy', []],
        ['unhealthy', ['target.crash']],
    ]);
    assert.deepEqual(targets(early), [
        ['healthy', []],
        ['healthy', ['target.crash']],
    ]);
    assert.deepEqual(targets(sceneAt(tale, TOPOLOGY, 0.5, WORDS)), [
        ['unused', []],
        ['unused', []],
    ]);
    assert.equal(early.groups[0].targets[0].inFlight, 3);
    assert.equal(early.groups[0].targets[1].rate, 1 / SPEED, 'at a high speed a real second is looked at');
    assert.equal(early.groups[0].check, '/up 30');
    assert.equal(sceneAt(tale, TOPOLOGY, 0.5, WORDS).groups[0].mode, 'no_targets');
    assert.equal(early.groups[0].mode, 'healthy');
    assert.equal(faultsAt(tale, 150).length, 0);
    assert.equal(ratesAt(tale, 93).all, 2 / SPEED);
});

test('a closed gate holds clients up, and a change of the target group shows', () => {
    const tale = told([
        record('fault', 201, { id: 'closed', fault: 'gate.close', on: ['443'] }),
        record('client', 205, { load: 'tls', number: 3, started_at_s: 195, latency_s: 10, error: 'connect_timeout' }),
        record('change', 206, { group: 'web', health_check: { path: '/deep' }, attributes: {} }),
    ]);
    const { listeners } = sceneAt(tale, TOPOLOGY, 207, WORDS).loadBalancers[0];
    assert.deepEqual(
        listeners.map(({ gate, waiting }) => [gate, waiting]),
        [
            ['open', 0],
            ['closed', 1],
        ],
    );
    assert.equal(sceneAt(tale, TOPOLOGY, 207, WORDS).groups[0].check, '/deep 30');
    assert.equal(sceneAt(tale, TOPOLOGY, 205, WORDS).groups[0].check, '/up 30');
});

test('a run of a scenario that is gone shows what its journal names', () => {
    const scene = sceneAt(told(), null, 92.5, WORDS);
    assert.deepEqual(
        scene.loadBalancers.map(({ id, listeners }) => [id, listeners[0].id]),
        [['alb', 'alb|80']],
    );
    assert.deepEqual(
        scene.groups[0].targets.map(({ id }) => id),
        ['web|i-01', 'web|i-02'],
    );
});

test('requests are sent at their times, once, and clients that nobody lets in are held', () => {
    const tale = told();
    const loads = new Map([['tls', 'alb|443']]);
    const items = itemsBetween(tale, 91, 93.5, (when) => when * 100, loads);
    assert.deepEqual(
        items.map(({ atMs, listener, target, elb, targetStatus, isHeld }) => [
            atMs,
            listener,
            target,
            elb,
            targetStatus,
            isHeld,
        ]),
        [
            [9200, 'alb|80', 'web|i-02', 502, 0, undefined],
            [9300, 'alb|80', 'web|i-01', 500, 500, undefined],
            [9350, 'alb|443', null, 0, 0, true],
        ],
    );
    assert.equal(itemsBetween(tale, 93.5, 94, Number, loads).length, 0);
});

test('errors say who made them', () => {
    const tale = told();
    assert.deepEqual(
        tale.failures.map(({ code, made, target }) => [code, made, target]),
        [
            ['502', 'elb', 'i-02'],
            ['500', 'target', 'i-01'],
            ['connect_timeout', 'client', null],
        ],
    );
});

test('what was written late stands at its time', () => {
    const tale = told([request(9, 92.5, 503, undefined), request(10, 91, 200, 200)]);
    assert.deepEqual(tale.requests.at, [12.5, 91, 92, 92.5, 93]);
    assert.deepEqual(tale.requests.elb, [200, 200, 502, 503, 500]);
    assert.deepEqual(
        tale.failures.map(({ at: when }) => when),
        [92, 92.5, 93, 93.5],
    );
});

test('the chart has the seconds up to a moment, and spans the whole run', () => {
    const tale = told();
    const points = pointsUntil(tale, 5, 95);
    assert.deepEqual(points[0], { atS: 5, outcomes: {}, p50S: null, p95S: null });
    assert.deepEqual(
        points.slice(1).map(({ atS, outcomes, p50S }) => [atS, outcomes, p50S]),
        [
            [13, { 'target 2xx': 1 }, null],
            [93, { 'elb 5xx': 1 }, null],
            [94, { 'target 5xx': 1, 'elb 0xx': 1 }, null],
            [95, {}, 0.25],
        ],
    );
    assert.equal(pointsUntil(tale, 5, 92.9).length, 2);
    assert.deepEqual([percentile([], 0.5), percentile([1], 0.95), percentile([1, 2, 3, 4], 0.5)], [null, 1, 2]);
});

test('a torn line is told with its number, and what begins otherwise is no journal', () => {
    const tale = told();
    const lines = tale.lines;
    for (const line of ['{"type":"say","at', '', '[]', 'null', '{"type":"say"}']) {
        assert.throws(() => tale.add(line), { name: 'SyntaxError', message: String(lines + 1) });
    }
    assert.throws(() => new Tale().add('{"type":"say","at_s":1}'), { name: 'SyntaxError', message: '1' });
    tale.add('{"type":"something new","at_s":300}');
    assert.equal(tale.lines, lines + 1);
});

/** Plays for so many real seconds, a sixtieth at a time. */
function play(playhead, seconds, startMs = 1000) {
    const jumps = [];
    for (let step = 0; step <= seconds * 60; step += 1) {
        const moved = playhead.step(startMs + (step * 1000) / 60);
        if (moved.jumped) jumps.push([moved.from, moved.to].map(Math.round));
    }
    return jumps;
}

test('a replay goes at its pace, and a question of the past lasts three seconds', () => {
    const playhead = new Playhead(told());
    playhead.seek(10);
    playhead.play();
    assert.deepEqual(play(playhead, 1), []);
    assert.ok(Math.abs(playhead.at - 20) < 0.5, String(playhead.at));
    assert.deepEqual(play(playhead, 3.1, 3000), [[50, 80]]);
    playhead.rate = 8;
    play(playhead, 2, 9000);
    assert.equal(playhead.at, 200);
    assert.equal(playhead.isPlaying, false);
    playhead.play();
    assert.equal(playhead.at, 0, 'it begins anew, a real second before the story');
});

test('a run that was cut off is shown to its last record, and again from its beginning', () => {
    const tale = new Tale();
    for (const one of [
        record('meta', 0, { speed: SPEED }),
        record('mark', 20, { name: 'start' }),
        record('sample', 60),
    ])
        tale.add(JSON.stringify(one));
    const playhead = new Playhead(tale);
    play(playhead, 1);
    assert.equal(playhead.at, 55);
    playhead.pause();
    playhead.play();
    assert.equal(playhead.isFollowing, true, 'it may go on yet');
    playhead.isOver = true;
    play(playhead, 3, 5000);
    assert.deepEqual([playhead.at, playhead.isPlaying, playhead.isFollowing], [60, false, false]);
    playhead.isOver = true;
    playhead.seek(60);
    assert.equal(playhead.isAtEnd, true);
    playhead.play();
    assert.equal(playhead.at, 10);
});

test('a slider goes both ways, within what is known', () => {
    const playhead = new Playhead(told());
    assert.deepEqual(playhead.seek(150), { from: 0, to: 150, jumped: true });
    assert.equal(playhead.seek(-5).to, 0);
    assert.equal(playhead.seek(999).to, 200);
    assert.equal(playhead.isFollowing, false);
    playhead.pause();
    play(playhead, 1);
    assert.equal(playhead.at, 200);
});

test('a run that goes on is followed a little behind its last record', () => {
    const tale = new Tale();
    tale.add(JSON.stringify(record('meta', 0, { speed: SPEED })));
    const playhead = new Playhead(tale);
    for (let tenth = 1; tenth <= 50; tenth += 1) {
        tale.add(JSON.stringify(record('sample', tenth, { in_flight: {} })));
        for (let frame = 0; frame < 6; frame += 1) playhead.step(1000 + tenth * 100 + frame * 16);
        assert.ok(playhead.at <= tale.lastAt - 5 || playhead.at === 0);
        if (tenth > 20) assert.ok(tale.lastAt - playhead.at < 15, `${tale.lastAt} ${playhead.at}`);
    }
    tale.add(JSON.stringify(record('sample', 1000, { in_flight: {} })));
    assert.equal(playhead.step(7000).jumped, true, 'a tab that slept catches up at once');
});

test('a journal of a hundred thousand requests is read and shown quickly', () => {
    const tale = told();
    const began = performance.now();
    for (let number = 0; number < 100_000; number += 1) {
        tale.add(JSON.stringify(request(number, 201 + number / 100, number % 50 === 0 ? 502 : 200, 200)));
    }
    for (let moment = 0; moment < 100; moment += 1) {
        sceneAt(tale, TOPOLOGY, 201 + moment * 10, WORDS);
        pointsUntil(tale, 5, 201 + moment * 10);
    }
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 5000, `${tookMs} ms`);
    assert.ok(tale.failures.length <= 20_000);
});
