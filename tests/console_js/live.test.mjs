// What the Live page decides without a page: dots, lines, sentences, filters, bars.
import assert from 'node:assert/strict';
import { test } from 'node:test';

const at = new URL('../../simlb/console/static/js/live/', import.meta.url);
const load = (name) => import(new URL(name, at).href);
const { createFlow, isError, perDot } = await load('flow.js');
const { pathOf, pointAt, pointOn, routeOf } = await load('geometry.js');
const { narrate } = await load('narration.js');
const { filterOf } = await load('filter.js');
const { barsPath, linePath, niceTop, stacked } = await load('chart_paths.js');
const { withParticles } = await load('particles.js');
const { legsOf, namesOf, waysOf } = await load('ways.js');
const { beginsZone, bounded, byZone } = await load('shown.js');
const { createArrivals, itemOf, DELAY_MS } = await load('arrivals.js');

const ITEM = { listener: 'lb|443', rule: 0, group: 'web', target: 'web|i-01', elb: 200, targetStatus: 200, count: 1 };

function sent(items) {
    const dots = [];
    const flow = createFlow((dot) => dots.push(dot));
    for (const item of items) flow.take({ ...ITEM, ...item });
    return { dots, perDot: flow.perDot() };
}

/** `perSecond` requests a second for `seconds`. */
function steady(perSecond, seconds, more = () => ({})) {
    return Array.from({ length: perSecond * seconds }, (_, index) => ({
        atMs: (index * 1000) / perSecond,
        ...more(index),
    }));
}

test('a dot is one request up to forty a second', () => {
    const { dots, perDot: each } = sent(steady(40, 5));
    assert.equal(each, 1);
    assert.equal(dots.length, 200);
});

test('of two hundred a second five are one dot, and none is lost but those that wait for the next', () => {
    const { dots, perDot: each } = sent(steady(200, 10));
    assert.equal(each, 5);
    const late = dots.filter(({ atMs }) => atMs > 5000);
    assert.ok(late.length / 5 <= 41 && late.length / 5 >= 39, `${late.length / 5} a second`);
    const shown = dots.reduce((sum, { count }) => sum + count, 0);
    assert.ok(2000 - shown < 5, `${shown} of 2000`);
});

test('errors are never put together', () => {
    const { dots } = sent(steady(300, 4, (index) => (index % 3 === 0 ? { elb: 502, targetStatus: 0 } : {})));
    const errors = dots.filter(isError);
    assert.equal(errors.length, 400);
    assert.ok(errors.every(({ count }) => count === 1));
});

test('counted requests are spread over the time in which they were counted', () => {
    const { dots } = sent([{ atMs: 1000, count: 20 }]);
    assert.equal(
        dots.reduce((sum, { count }) => sum + count, 0),
        20,
    );
    assert.ok(dots.every(({ atMs }) => atMs > 740 && atMs <= 1000));
    const errors = sent([{ atMs: 1000, count: 600, elb: 503, targetStatus: 0 }]).dots;
    assert.equal(
        errors.reduce((sum, { count }) => sum + count, 0),
        600,
    );
    assert.equal(errors.length, 60);
});

test('numbers of requests a dot are round ones', () => {
    assert.deepEqual([1, 44, 45, 200, 203, 230, 4000, 100000].map(perDot), [1, 1, 2, 5, 5, 10, 100, 5000]);
});

test('a route begins and ends where its legs do, and passes under tiles in a straight line', () => {
    const legs = [
        { from: { x: 0, y: 0 }, to: { x: 100, y: 50 } },
        { from: { x: 160, y: 50 }, to: { x: 300, y: 10 } },
    ];
    const route = routeOf(legs);
    assert.deepEqual(pointAt(route, 0), { x: 0, y: 0 });
    assert.deepEqual(pointAt(route, 1), { x: 300, y: 10 });
    assert.deepEqual(pointAt(route, 7), pointAt(route, 1));
    for (let part = 0, before = -1; part <= 1; part += 0.01) {
        const { x } = pointAt(route, part);
        assert.ok(x >= before, 'it never goes back');
        before = x;
    }
    assert.deepEqual(pointOn(legs[0], 1), { x: 100, y: 50 });
    assert.match(pathOf(legs[0]), /^M0 0C50 0 50 50 100 50$/);
});

test('a request goes along the lines of its tiles, as far as they are there', () => {
    const boxes = { 'client|lb': 0, 'gate|lb': 100, 'listener|lb|443': 200, 'group|web': 300, 'target|web|i-01': 400 };
    const boxOf = (id) => (id in boxes ? { x: boxes[id], y: 0, w: 50, h: 20 } : undefined);
    assert.deepEqual(
        legsOf(ITEM, boxOf).map(([name]) => name),
        namesOf(ITEM),
    );
    assert.deepEqual(namesOf(ITEM), ['lb>gate|lb|443', 'gate>lb|443', 'lb|443|default>web', 'web>web|i-01']);
    assert.equal(legsOf({ ...ITEM, target: 'web|gone' }, boxOf).length, 3);
    assert.equal(legsOf({ ...ITEM, listener: 'lb|80' }, boxOf).length, 0);
    assert.deepEqual(namesOf({ ...ITEM, isHeld: true }), ['lb>gate|lb|443']);
    const scene = {
        loadBalancers: [{ id: 'lb', listeners: [{ id: 'lb|443', rules: [{ priority: 'default', groups: ['web'] }] }] }],
        groups: [{ id: 'web', targets: [{ id: 'web|i-01' }] }],
    };
    assert.deepEqual(
        waysOf(scene).map(({ group, target }) => [group, target]),
        [
            [null, null],
            ['web', null],
            ['web', 'web|i-01'],
        ],
    );
});

test('of many targets those that are well make room for those that are not', () => {
    const targets = Array.from({ length: 60 }, (_, index) => ({
        id: String(index),
        state: index === 59 ? 'unhealthy' : 'healthy',
        failing: null,
    }));
    const shown = bounded({ id: 'web', targets });
    assert.equal(shown.targets.length, 24);
    assert.equal(shown.hidden, 36);
    assert.equal(shown.targets.at(-1).id, '59');
    const zones = byZone([
        { id: 'a', zone: 'b' },
        { id: 'b', zone: 'a' },
        { id: 'c', zone: 'b' },
    ]);
    assert.deepEqual(
        zones.map(({ id }) => id),
        ['b', 'a', 'c'],
    );
    assert.deepEqual(
        zones.map((_, index) => beginsZone(zones, index)),
        [true, true, false],
    );
    assert.equal(beginsZone(zones.slice(1), 0), false);
});

test('requests are shown a constant while after they happened, however late they are told', () => {
    const arrivals = createArrivals();
    const first = arrivals.timeOf(10, 5000);
    assert.equal(first, 5000 + DELAY_MS);
    const second = arrivals.timeOf(10.1, 5350);
    assert.ok(Math.abs(second - first - 100) < 2, String(second - first));
    assert.ok(arrivals.timeOf(20, 90000) > 90000, 'after a sleep it begins anew');
    const item = itemOf(
        {
            load_balancer: 'lb',
            listener_port: 80,
            elb_status_code: 301,
            target_status_code: 0,
            target_group: null,
            target: null,
            rule_priority: 0,
        },
        1,
    );
    assert.deepEqual([item.listener, item.group, item.target, item.count, item.rule], ['lb|80', null, null, 1, 0]);
});

const TARGET = {
    name: 'i-03',
    group: 'web',
    state: 'healthy',
    reason: null,
    failures: 0,
    passes: 9,
    unhealthyAfter: 2,
    healthyAfter: 5,
    nextCheckInS: 12,
    how: 'status',
    faults: [],
    isKilled: false,
    inFlight: 0,
    changedAgoS: null,
    blamed: null,
};
const FACTS = {
    isOpen: true,
    hasBalancer: true,
    perSecond: 60,
    requests: 240,
    failures: [],
    targets: [TARGET],
    modes: { web: 'healthy' },
    gates: [],
};
const REFUSED = { by: 'elb', code: 502, target: 'i-03', group: 'web', how: 'refused', count: 80, lastAgoS: 0.2 };

for (const [what, facts, key, next] of [
    ['nothing answers', { isOpen: false }, 'lost', null],
    ['there is none', { hasBalancer: false }, 'no_balancer', 'no_balancer'],
    [
        'a closed gate goes before everything',
        { gates: [{ port: 443, waiting: 3 }], failures: [REFUSED] },
        'gate',
        'gate',
    ],
    ['a gate that nobody waits at is no news', { gates: [{ port: 443, waiting: 0 }] }, 'well_one', 'well'],
    [
        'a gate that was closed behind those who are in',
        { gates: [{ port: 443, waiting: 0, isUsed: true }] },
        'gate_kept',
        'gate_kept',
    ],
    ['502s of the load balancer while checks count', { failures: [REFUSED] }, 'breaks_refused', 'leaving'],
    [
        'a process that was killed',
        { failures: [REFUSED], targets: [{ ...TARGET, isKilled: true }] },
        'breaks_killed',
        'leaving',
    ],
    ['two at once', { failures: [REFUSED, { ...REFUSED, target: 'i-02' }] }, 'several', 'leaving'],
    [
        'the last ones',
        { failures: [REFUSED], targets: [{ ...TARGET, state: 'unhealthy' }] },
        'breaks_refused',
        'leaving_now',
    ],
    [
        'it is out and the last error was a while ago',
        {
            failures: [{ ...REFUSED, lastAgoS: 2 }],
            targets: [{ ...TARGET, state: 'unhealthy', passes: 0, isKilled: true }],
        },
        'out_killed',
        'back',
    ],
    [
        'a target that makes errors itself',
        { failures: [{ ...REFUSED, by: 'target', code: 500 }] },
        'target_error',
        'target_error',
    ],
    ['no target', { failures: [{ ...REFUSED, target: null, code: 503 }] }, 'no_target', 'no_target'],
    ['it is out', { targets: [{ ...TARGET, state: 'unhealthy', passes: 0, how: 'silent' }] }, 'out_silent', 'back'],
    [
        'and had made errors',
        { targets: [{ ...TARGET, state: 'unhealthy', passes: 0, isKilled: true, blamed: { count: 4, code: 502 } }] },
        'out_killed',
        'back_blamed',
    ],
    ['it answers again', { targets: [{ ...TARGET, state: 'unhealthy', passes: 2 }] }, 'out_returning', 'back'],
    ['fail-open', { modes: { web: 'fail_open' } }, 'fail_open', 'fail_open'],
    ['a check failed', { targets: [{ ...TARGET, failures: 1 }] }, 'shaky', 'leaving'],
    ['it hangs', { targets: [{ ...TARGET, failures: 1, how: 'silent', inFlight: 20 }] }, 'waiting', 'leaving'],
    ['it drains', { targets: [{ ...TARGET, state: 'draining' }] }, 'draining', null],
    [
        'it came back',
        {
            targets: [
                { ...TARGET, changedAgoS: 3 },
                { ...TARGET, name: 'i-02' },
            ],
        },
        'back',
        null,
    ],
    ['no traffic', { perSecond: 0 }, 'idle', 'idle'],
    ['no target is registered', { targets: [] }, 'no_targets', null],
]) {
    test(`the sentence: ${what}`, () => {
        const saying = narrate({ ...FACTS, ...facts });
        assert.equal(saying.key, key);
        assert.equal(saying.next, next);
    });
}

test('the sentence names who and how much', () => {
    const { values } = narrate({ ...FACTS, failures: [REFUSED], targets: [{ ...TARGET, failures: 1 }] });
    assert.deepEqual(
        [values.target, values.code, values.share, values.failures, values.unhealthy, values.next_s],
        ['i-03', 502, '33 %', 1, 2, 12],
    );
});

const EVENT = {
    method: 'GET',
    path: '/items/7',
    host: 'shop.test',
    client: '127.0.0.1:5',
    listener_port: 443,
    elb_status_code: 502,
    target_status_code: 0,
    target: 'i-03',
    target_group: 'web',
    failure: 'connection refused',
    duration_s: 0.0123,
    rule_priority: 0,
};

for (const [text, holds] of [
    ['', true],
    ['elb=502', true],
    ['elb=5xx target=i-03', true],
    ['elb==502 and target==i-03', true],
    ['status>=500', true],
    ['elb=200', false],
    ['path=/items/*', true],
    ['path=*7', true],
    ['path=*8', false],
    ['path=/items', false],
    ['path=*i*m*', true],
    ['by=elb', true],
    ['by=target', false],
    ['ms>10', true],
    ['ms<10ms', false],
    ['target!=i-03', false],
    ['rule=default', true],
    ['refused', true],
    ['"connection refused"', true],
    ['nothing', false],
    ['reason="connection refused"', true],
]) {
    test(`a filter: ${text || '(nothing)'}`, () => {
        const filter = filterOf(text);
        assert.deepEqual(filter.wrong, []);
        assert.equal(filter.test(EVENT), holds);
    });
}

test('a filter says what it does not understand, and hostile ones take no time', () => {
    assert.deepEqual(filterOf('colour=red elb=502').wrong, ['colour=red']);
    const began = performance.now();
    filterOf(`path=${'*a'.repeat(2000)}`).test({ ...EVENT, path: 'a'.repeat(5000) });
    assert.ok(performance.now() - began < 200);
});

test('bars stand on each other', () => {
    const points = [
        { atS: 1, outcomes: { 'target 2xx': 40, 'elb 5xx': 20 } },
        { atS: 2, outcomes: { 'elb 5xx': 5 } },
    ];
    const [good, bad] = stacked(points, ['target 2xx', 'elb 5xx']);
    assert.deepEqual(good, [{ atS: 1, from: 0, to: 40 }]);
    assert.deepEqual(bad, [
        { atS: 1, from: 40, to: 60 },
        { atS: 2, from: 0, to: 5 },
    ]);
    assert.equal(
        barsPath(
            good,
            (x) => x * 10,
            (y) => 100 - y,
            8,
        ),
        'M2.0 100.0V60.0h8.0V100.0z',
    );
    assert.equal(
        linePath(
            [
                [1, 1],
                [2, null],
                [3, 2],
                [4, 3],
            ],
            (x) => x,
            (y) => y,
        ),
        'M1.0 1.0M3.0 2.0L4.0 3.0',
    );
    assert.deepEqual([0.7, 1, 3, 59, 61, 203].map(niceTop), [0.8, 1, 4, 60, 80, 400]);
});

test('Korean particles fit the name before them', () => {
    assert.equal(
        withParticles('i-03은(는) i-02이(가) 대상을(를) web과(와) ?은(는)'),
        'i-03은 i-02가 대상을 web와 ?은(는)',
    );
});
