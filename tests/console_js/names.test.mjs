import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listsOf, objectsOf } from '../../simlb/console/static/js/learn/names.js';

const course = {
    lookups: { ZONES: { save: { ZONES: 'Zones[].Name' } } },
    steps: [
        {
            calls: [{ save: { IDS: 'Things[].Id', ONE: 'Things[0].Id' } }],
            prepare: [{ save: { SUBNETS: 'Subnets[].Id' } }],
        },
        {
            mistakes: [
                {
                    calls: [{ save: { BAD: 'X[].Y' } }],
                    undo: [{ parameters: { A: '$ZONE.Name', B: 'http://$DNS/a.B' } }],
                },
            ],
        },
        {
            calls: [
                { parameters: { C: { each: '$PROOFS', as: { Name: '{item.Name}' } } } },
                { parameters: { C: { each: '$IDS', as: { Id: '{item}' } } } },
            ],
        },
    ],
};

test('lists', () => assert.deepEqual([...listsOf(course)].sort(), ['BAD', 'IDS', 'SUBNETS', 'ZONES']));
test('objects', () => assert.deepEqual([...objectsOf(course)].sort(), ['PROOFS', 'ZONE']));
