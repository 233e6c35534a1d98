import assert from 'node:assert/strict';
import { test } from 'node:test';
import { derived, spoken } from '../../simlb/console/static/js/learn/calculator.js';

const check = (interval_s, timeout_s, unhealthy, healthy) => derived({ interval_s, timeout_s, unhealthy, healthy });
/** interval, timeout, unhealthy, healthy: out when refused, out when it hangs, back; and the last at ×10 */
const rows = [
    [[30, 5, 2, 5], '30–60 s', '35–65 s', '120–150 s', '12–15 s'],
    [[10, 5, 3, 2], '20–30 s', '25–35 s', '10–20 s', '1–2 s'],
    [[5, 2, 2, 2], '5–10 s', '7–12 s', '5–10 s', '0.5–1 s'],
    [[15, 4, 10, 10], '135–150 s', '139–154 s', '135–150 s', '14–15 s'],
];
test('a span without width', () => assert.equal(spoken([3, 3]), '3 s'));
for (const [numbers, refused, hang, back, here] of rows) {
    test(`interval, timeout, thresholds ${numbers}`, () => {
        const times = check(...numbers);
        assert.deepEqual(
            [spoken(times.refused), spoken(times.hang), spoken(times.back), spoken(times.back, 10)],
            [refused, hang, back, here],
        );
    });
}
