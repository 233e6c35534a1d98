// What came of the calls: each with AWS's own code and message where it was refused, and the field that is to blame.

/** @import {Store} from './store.js' */
/** @import {Outcome, Step, StepCall} from './types.js' */

import { el } from '../dom.js';
import { bi, t } from '../words.js';

/** A longer answer is shown only when it is asked for. */
const OPEN_CHARS = 700;

/** @param {Store} store @param {Outcome} outcome @param {boolean} isMistake errors are what it is about */
export function outcomeRow(store, outcome, isMistake = false) {
    const { call, kind, code, message } = outcome;
    const isBad = !['made', 'expected', 'gone', 'there'].includes(kind) && !isMistake;
    const [sign, tone] = kind === 'made' ? ['✓', 'good'] : isBad ? ['✗', 'bad'] : ['!', 'warn'];
    return el(
        'li',
        { class: 'learn-outcome' },
        el('b', { class: tone, 'aria-hidden': 'true' }, sign),
        el(
            'div',
            null,
            call.service === 'client' ? requestLine(outcome) : answerOf(outcome),
            code === undefined ? null : el('div', null, el('b', { class: tone }, code), ' ', message ?? ''),
            kind === 'there' && code === undefined ? el('div', { class: 'muted' }, t('learn.already_there')) : null,
            kind === 'gone' ? el('div', { class: 'muted' }, t('learn.gone')) : null,
            kind === 'missing' ? (outcome.missing ?? []).map((name) => el('div', null, whoMakes(store, name))) : null,
            kind === 'unreachable' ? el('div', null, t('shell.lost')) : null,
        ),
    );
}

/** The operation, and what it answered. @param {Outcome} outcome */
function answerOf({ call, result }) {
    const name = el('code', null, `${call.service} ${call.operation}`);
    const { RequestId, ...rest } = result ?? {};
    const text = JSON.stringify(rest, null, 2);
    if (text === '{}') return name;
    const isRead = /^(Describe|List|Get)/.test(call.operation);
    const open = isRead && text.length < OPEN_CHARS;
    return el(
        'details',
        { open },
        el('summary', null, name),
        el('pre', { class: 'learn-code learn-json', tabindex: '0' }, text),
    );
}

/** @param {Outcome} outcome */
function requestLine({ call, result }) {
    const answers = /** @type {any[]} */ (result?.answers ?? []);
    return el(
        'div',
        null,
        el('code', null, `GET ${result?.url ?? call.parameters?.['Url'] ?? ''}`),
        answers.map(oneAnswer),
    );
}

/** Who answered is the first thing to know about a status code. @param {any} answer */
function oneAnswer({ outcome, status_code: code, headers, body, detail }) {
    if (outcome !== 'answered') {
        return el(
            'div',
            null,
            el('b', null, t(`learn.client_${outcome}`)),
            el('span', { class: 'muted' }, ` ${detail}`),
        );
    }
    const field = (/** @type {string} */ name) =>
        Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1] ?? '';
    const location = field('location');
    const title = /<title>([^<]*)<\/title>/.exec(body)?.[1];
    return el(
        'div',
        null,
        el('b', { class: code >= 500 ? 'bad' : '' }, code),
        location ? el('code', null, ` → ${location}`) : null,
        el('span', { class: 'muted' }, ` ${location ? '' : (title ?? String(body).split('\n')[0])} `),
        field('server').startsWith('awselb/') ? el('span', { class: 'warn' }, t('learn.by_balancer')) : null,
    );
}

/** What has to be made first, and where. @param {Store} store @param {string} name */
export function whoMakes(store, name) {
    const maker = store.makerOf(name);
    if (maker === undefined) return el('span', null, t('learn.missing', { name }));
    return el(
        'a',
        { href: `#/learn/${maker.number}` },
        t('learn.missing_step', { number: maker.number, title: bi(maker.title) }),
    );
}

/**
 * The field that AWS complains about: the one whose parameter and value the message has. Where that fits several, the one
 * that was changed, else the one that is named first.
 * @param {Step} step
 * @param {StepCall} call
 * @param {string} message
 * @param {(field: string) => any} value
 * @returns {string | undefined}
 */
export function blamed(step, call, message, value) {
    const said = message.toLowerCase();
    let best = 0.5;
    let found;
    for (const [parameter, id] of uses(call.parameters ?? {}, '')) {
        const field = step.fields?.find((each) => each.id === id);
        if (field === undefined) continue;
        const words = parameter
            .replace(/([a-z])([A-Z])/g, '$1 $2')
            .toLowerCase()
            .split(' ');
        let score = words.filter((word) => said.includes(word)).length / words.length;
        const now = value(id);
        const place = Array.isArray(now) || now === '' ? -1 : message.indexOf(`'${now}'`);
        if (place >= 0) score += 1.2 - (0.2 * place) / message.length;
        if (score > 0.5 && JSON.stringify(now) !== JSON.stringify(field.value)) score += 0.5;
        if (score > best) [best, found] = [score, id];
    }
    return found;
}

/** Which parameter is made of which field. @param {any} template @param {string} name @returns {Generator<[string, string]>} */
function* uses(template, name) {
    if (Array.isArray(template)) for (const each of template) yield* uses(each, name);
    else if (typeof template === 'object' && template !== null) {
        for (const [key, each] of Object.entries(template))
            yield* uses(each, key === 'each' || key === 'as' ? name : key);
    } else if (typeof template === 'string') {
        for (const match of template.matchAll(/(?<!#)\{([a-z][a-z0-9_]*)\}/g)) yield [name, match[1] ?? ''];
    }
}
