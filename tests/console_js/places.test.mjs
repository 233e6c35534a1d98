import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Joined, Saved, named, values, within } from '../../simlb/console/static/js/learn/places.js';

const typed = { 2: { name: 'web-tg', port: 8080, zones: ['a', 'b'] }, 6: { name: 'other' } };
const scope = {
    step: 2,
    field: (step, id) => typed[step]?.[id],
    saved: { GROUP: 'arn:1', SUBNETS: ['s-1', 's-2'], ZONE: { Name: 'simlb.test' }, EMPTY: [] },
};

const rows = [
    ['a field', '{name}', 'web-tg'],
    ['a number stays one', '{port}', 8080],
    ['a list stays one', '{zones}', ['a', 'b']],
    ['within a text', 'http://{name}:{port}/', 'http://web-tg:8080/'],
    ["another step's", '{6.name}', 'other'],
    ['what is saved', '$GROUP', 'arn:1'],
    ['a saved list', '$SUBNETS', ['s-1', 's-2']],
    ['one of it', '$SUBNETS[1]', 's-2'],
    ['a member', 'api.$ZONE.Name', 'api.simlb.test'],
    ["AWS's own words stay", '/#{path}?#{query}', '/#{path}?#{query}'],
    ['no place', 'plain $ text {}', 'plain $ text {}'],
    ['within lists and objects', [{ Id: '{name}', Port: 1 }], [{ Id: 'web-tg', Port: 1 }]],
    ['made from a list', { each: '$SUBNETS', as: { Id: '{item}' } }, [{ Id: 's-1' }, { Id: 's-2' }]],
    ['made from an empty one', { each: '$EMPTY', as: '{item}' }, []],
    ['made from a field', { each: '{zones}', as: 'z-{item}' }, ['z-a', 'z-b']],
];
for (const [what, template, expected] of rows) {
    test(`values: ${what}`, () => assert.deepEqual(values(template, scope), { value: expected, missing: [] }));
}

test('what is typed is never a place itself', () => {
    const hostile = { ...scope, field: () => '$GROUP {name} ${X}' };
    assert.equal(values('{name}', hostile).value, '$GROUP {name} ${X}');
});

test('what is not saved yet is told', () => {
    assert.deepEqual(values({ A: '$NONE', B: ['$GROUP', '$OTHER.x'] }, scope).missing, ['NONE', 'OTHER']);
});

test('by name: saved ones keep it, fields are values', () => {
    assert.deepEqual(named('$GROUP', scope), new Saved('GROUP', '', 'arn:1'));
    assert.deepEqual(
        named('{name}.$ZONE.Name', scope),
        new Joined(['web-tg', '.', new Saved('ZONE', '.Name', 'simlb.test')]),
    );
});

test('within: paths of an answer', () => {
    const answer = { Reservations: [{ Instances: [{ Id: 1 }, { Id: 2 }] }, { Instances: [{ Id: 3 }] }], A: { B: [5] } };
    assert.deepEqual(within(answer, 'Reservations[].Instances[].Id'), [1, 2, 3]);
    assert.equal(within(answer, 'Reservations[1].Instances[0].Id'), 3);
    assert.equal(within(answer, 'A.B[0]'), 5);
    assert.equal(within(answer, 'Reservations[0].Instances[Id=2].Id'), 2);
    assert.equal(within({ L: [{ N: 'api.x.test', A: 1 }] }, 'L[N=api.x.test].A'), 1);
    assert.equal(within(answer, 'A.C.D'), undefined);
    assert.equal(within(answer, 'Reservations[7].Instances'), undefined);
    assert.deepEqual(within(answer, 'Missing[].Id'), undefined);
});
