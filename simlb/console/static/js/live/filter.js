// A filter over requests, in the words of `simlb logs` as far as a line of this log has them: `elb=502 target=i-03 path=/x`.

/** @import {Json} from '../types.js' */

/**
 * @typedef {(event: Json) => boolean} Predicate
 * @typedef {{test: Predicate, wrong: string[]}} Filter `wrong`: terms that are not understood
 */

/** @type {Record<string, (event: Json) => string | number | null>} */
const FIELDS = {
    elb: (event) => event['elb_status_code'],
    target: (event) => event['target'] ?? '-',
    target_status: (event) => event['target_status_code'],
    group: (event) => event['target_group'] ?? '-',
    path: (event) => event['path'],
    host: (event) => event['host'],
    method: (event) => event['method'],
    client: (event) => event['client'],
    port: (event) => event['listener_port'],
    rule: (event) => (event['rule_priority'] === 0 ? 'default' : event['rule_priority']),
    reason: (event) => event['failure'] ?? '-',
    by: (event) => (event['target_status_code'] > 0 ? 'target' : 'elb'),
    ms: (event) => event['duration_s'] * 1000,
};

/** @type {Record<string, string>} */
const OTHER_NAMES = {
    status: 'elb',
    elb_status_code: 'elb',
    target_status_code: 'target_status',
    failure: 'reason',
    listener: 'port',
    duration: 'ms',
};

const TERM = /^([a-z_]+)(==|=|!=|>=|<=|>|<)(.+)$/;

/** The names of fields that a filter knows. */
export const NAMES = Object.keys(FIELDS);

/**
 * All terms have to hold. A term is `field=value`, with `!=`, `<`, `<=`, `>`, `>=` too; `5xx` is a class of codes, `*`
 * stands for anything. A word without a field is looked for in the whole line.
 * @param {string} text
 * @returns {Filter}
 */
export function filterOf(text) {
    /** @type {Predicate[]} */
    const tests = [];
    /** @type {string[]} */
    const wrong = [];
    for (const term of text.match(/(?:[^\s"]|"[^"]*")+/g) ?? []) {
        if (term.toLowerCase() === 'and') continue;
        const parts = TERM.exec(term.replaceAll('"', ''));
        if (parts === null) {
            tests.push(anywhere(term.replaceAll('"', '').toLowerCase()));
            continue;
        }
        const [, name = '', sign = '', value = ''] = parts;
        const field = FIELDS[OTHER_NAMES[name] ?? name];
        if (field === undefined) wrong.push(term);
        else tests.push(comparison(field, sign, value));
    }
    return { test: (event) => tests.every((test) => test(event)), wrong };
}

/** @param {string} word @returns {Predicate} */
function anywhere(word) {
    return (event) =>
        [
            event['method'],
            event['path'],
            event['host'],
            event['target'],
            event['failure'],
            event['elb_status_code'],
        ].some((value) => value !== null && value !== undefined && String(value).toLowerCase().includes(word));
}

/** @param {(event: Json) => string | number | null} field @param {string} sign @param {string} value @returns {Predicate} */
function comparison(field, sign, value) {
    if (sign === '=' || sign === '==') return (event) => isLike(field(event), value);
    if (sign === '!=') return (event) => !isLike(field(event), value);
    const bound = Number(value.replace(/ms$/, ''));
    return (event) => {
        const found = Number(field(event));
        if (sign === '>') return found > bound;
        if (sign === '>=') return found >= bound;
        return sign === '<' ? found < bound : found <= bound;
    };
}

/** @param {string | number | null} found @param {string} wanted */
function isLike(found, wanted) {
    const text = String(found ?? '-').toLowerCase();
    const like = wanted.toLowerCase();
    if (/^[1-5]xx$/.test(like)) return text.length === 3 && text[0] === like[0];
    if (!like.includes('*')) return text === like;
    // Without regular expressions: each part has to come after the one before it.
    const parts = like.split('*');
    let from = 0;
    for (const [index, part] of parts.entries()) {
        const at = index === parts.length - 1 ? text.length - part.length : text.indexOf(part, from);
        if (at < from || !text.startsWith(part, at) || (index === 0 && at !== 0)) return false;
        from = at + part.length;
    }
    return true;
}
