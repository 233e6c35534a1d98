// What the chart's bars and lines look like, in it and in its legend.

import { el, svg } from '../dom.js';

/** From the bottom up, as they stand on each other. */
export const OUTCOMES = [
    'target 2xx',
    'target 3xx',
    'target 4xx',
    'elb 1xx',
    'elb 2xx',
    'elb 3xx',
    'elb 4xx',
    'target 5xx',
    'elb 5xx',
    'elb 0xx',
];

/** @param {string} name */
export function classOf(name) {
    return `live-bar-${name.replace(' ', '-')}`;
}

/** @param {string} name @param {string} stripes @returns {string | null} the load balancer's are striped */
export function fillOf(name, stripes) {
    if (!name.startsWith('elb')) return null;
    const end = name === 'elb 4xx' ? '-warn' : name === 'elb 5xx' || name === 'elb 0xx' ? '' : '-calm';
    return `url(#${stripes}${end})`;
}

/** @param {string} id @param {string} name */
export function pattern(id, name) {
    return svg(
        'pattern',
        { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
        svg('rect', { width: 6, height: 6, class: `${name}-ground` }),
        svg('rect', { width: 3, height: 6, class: name }),
    );
}

/** @param {string} name */
export function swatch(name) {
    return el('span', {
        class: `live-swatch ${name.startsWith('elb') ? 'live-swatch-elb' : ''} ${classOf(name)}`,
        'aria-hidden': 'true',
    });
}

/** @param {string} name */
export function line(name) {
    return el('span', { class: `live-swatch-line ${name}-swatch`, 'aria-hidden': 'true' });
}
