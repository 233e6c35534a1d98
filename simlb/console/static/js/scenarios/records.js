// What each type of record adds to a tale; docs/scenarios.md and simlb/scenario/journal.py have their members.

/** @import {Json} from '../types.js' */
/** @import {Tale, Told, Verdict} from './tale.js' */

const HTTP_ERROR = 400;

/** Kinds of client errors that leave no line in the load balancer's log. */
const NEVER_ARRIVED = new Set([
    'connect_refused',
    'connect_timeout',
    'tls_name',
    'tls_expired',
    'tls_untrusted',
    'tls_other',
    'exhausted',
]);

/** By the type of the record. Others are passed over: a newer simlb may write more.
 * @type {Record<string, (tale: Tale, record: Json) => void>} */
export const TAKERS = {
    meta(tale, record) {
        tale.meta = record;
    },
    request(tale, record) {
        const { at_s: at, elb_status: elb, target_status: target = 0 } = record;
        const place = placeOf(tale, record);
        insertRow(tale.requests, { at, elb, target, place });
        const outcome = `${target === 0 ? 'elb' : 'target'} ${Math.floor(elb / 100)}xx`;
        const { outcomes } = tale.second(at);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (elb >= HTTP_ERROR || elb === 0) {
            tale.fail({
                at,
                number: record['number'],
                code: String(elb || '–'),
                made: target === 0 ? 'elb' : 'target',
                method: record['method'] ?? 'GET',
                path: record['path'] ?? '/',
                target: record['target'] ?? null,
                port: record['port'] ?? 80,
                failure: record['failure'] ?? null,
            });
        }
    },
    client(tale, record) {
        if (record['error'] === undefined) {
            tale.second(record['at_s']).latencies.push(record['latency_s']);
            return;
        }
        // What the load balancer has logged is there already; of these it knows nothing.
        if (!NEVER_ARRIVED.has(record['error'])) return;
        const at = record['at_s'];
        insertRow(tale.unanswered, { at, load: record['load'], error: record['error'], waited: record['latency_s'] });
        const { outcomes } = tale.second(at);
        outcomes['elb 0xx'] = (outcomes['elb 0xx'] ?? 0) + 1;
        tale.fail({
            at,
            number: record['number'],
            code: record['error'],
            made: 'client',
            method: '',
            path: record['load'],
            target: null,
            port: null,
            failure: null,
        });
    },
    say(tale, record) {
        tale.says.push({ at: record['at_s'], kind: 'say', words: record['words'], isBad: false });
    },
    ask(tale, record) {
        tale.questions.push({
            at: record['at_s'],
            question: record['question'],
            choices: record['choices'],
            answer: record['answer'],
            explanation: record['explanation'] ?? null,
            answeredAt: null,
            chosen: null,
            isRight: false,
        });
        tale.isAsking = true;
        tale.still(record['at_s']);
    },
    answer(tale, record) {
        const question = tale.questions.at(-1);
        if (question === undefined) return;
        question.answeredAt = record['at_s'];
        question.chosen = record['chosen'] ?? null;
        question.isRight = record['is_right'] ?? false;
        tale.isAsking = false;
        tale.still(record['at_s']);
    },
    pause(tale, record) {
        tale.isPaused = true;
        tale.still(record['at_s']);
    },
    resume(tale, record) {
        tale.isPaused = false;
        tale.still(record['at_s']);
    },
    fault(tale, record) {
        const on = record['on'] ?? [];
        tale.faults.push({ id: record['id'], fault: record['fault'], on, at: record['at_s'], healedAt: Infinity });
        tale.marks.push(told(record, 'fault', [record['fault'], ...on].join(' · '), true));
    },
    heal(tale, record) {
        for (const fault of tale.faults) {
            if (fault.id === record['id'] && fault.healedAt === Infinity) fault.healedAt = record['at_s'];
        }
        tale.marks.push(told(record, 'heal', record['id'], false));
    },
    change(tale, record) {
        const values = { ...record['health_check'], ...record['attributes'] };
        tale.settings.push({ at: record['at_s'], group: record['group'], values });
        const text = Object.entries(values)
            .map(([key, value]) => `${key}=${value}`)
            .join(' ');
        tale.marks.push(told(record, 'change', `${record['group']}: ${text}`, false));
    },
    register(tale, record) {
        tale.marks.push(told(record, 'register', record['targets'].join(', '), false));
    },
    deregister(tale, record) {
        tale.marks.push(told(record, 'deregister', record['targets'].join(', '), false));
    },
    state(tale, record) {
        const key = `${record['group']}|${record['target']}`;
        const changes = tale.changes.get(key) ?? [];
        tale.changes.set(key, changes);
        insert(changes, {
            at: record['at_s'],
            group: record['group'],
            target: record['target'],
            state: record['state'],
            reason: record['reason'] ?? null,
            evidence: record['evidence'] || record['description'] || '',
        });
        const isNews = record['previous'] && record['previous'] !== record['state'];
        if (isNews) {
            const text = `${record['target']} → ${record['state']}`;
            tale.marks.push(told(record, 'state', text, record['state'] === 'unhealthy'));
        }
    },
    sample(tale, record) {
        tale.samples.push({ at: record['at_s'], inFlight: record['in_flight'] });
    },
    mark(tale, record) {
        if (record['name'] === 'start') tale.startAt = record['at_s'];
        else if (record['name'] === 'end') tale.endAt = record['at_s'];
    },
    step(tale, record) {
        tale.steps.push({ at: record['at_s'], step: record['step'] });
    },
    steady(tale, record) {
        tale.steady = { at: record['at_s'], isSteady: record['is_steady'], seen: record['seen'] ?? [] };
    },
    warning(tale, record) {
        tale.marks.push({ at: record['at_s'], kind: 'warning', words: record['words'], isBad: false });
    },
    missed(tale, record) {
        tale.marks.push(told(record, 'missed', record['waited_for'], true));
    },
    settled: (tale, record) => tale.verdicts.push(verdict(record, false)),
    expectation: (tale, record) => tale.verdicts.push(verdict(record, true)),
    end(tale, record) {
        tale.end = { at: record['at_s'], outcome: record['outcome'], why: record['why'] ?? '' };
    },
};

/** @param {Json} record @param {string} kind @param {string} text @param {boolean} isBad @returns {Told} */
function told(record, kind, text, isBad) {
    return { at: record['at_s'], kind, words: { en: text, ko: text }, isBad };
}

/** @param {Json} record @param {boolean} isFinal @returns {Verdict} */
function verdict(record, isFinal) {
    return {
        at: record['at_s'],
        id: record['id'],
        title: record['title'] ?? null,
        passed: record['has_passed'],
        seen: record['seen'],
        expected: record['expected'] ?? null,
        lines: record['lines'] ?? [],
        isFinal,
    };
}

/** @param {Tale} tale @param {Json} record */
function placeOf(tale, record) {
    const balancer = record['load_balancer'] ?? '';
    const port = record['port'] ?? 80;
    const group = record['group'] ?? null;
    const target = record['target'] ?? null;
    const key = `${balancer}|${port}|${group}|${target}`;
    let number = tale.placeNumbers.get(key);
    if (number === undefined) {
        number = tale.places.length;
        tale.places.push({ balancer, port, group, target });
        tale.placeNumbers.set(key, number);
    }
    return number;
}

/**
 * Put an entry where its time wants it: records are written in the order of time, or nearly so.
 * @template {{at: number}} T
 * @param {T[]} list
 * @param {T} entry
 */
export function insert(list, entry) {
    let index = list.length;
    while (index > 0 && /** @type {T} */ (list[index - 1]).at > entry.at) index -= 1;
    list.splice(index, 0, entry);
}

/**
 * The same for columns.
 * @param {Record<string, any[]>} columns
 * @param {Record<string, any>} row
 */
function insertRow(columns, row) {
    const times = /** @type {number[]} */ (columns['at']);
    let index = times.length;
    while (index > 0 && Number(times[index - 1]) > row['at']) index -= 1;
    for (const [name, column] of Object.entries(columns)) column.splice(index, 0, row[name]);
}
