// The tiles of the map: each is built once and then only changed, so that focus stays and nothing jumps.

/** @import {GroupScene, ListenerScene, TargetScene} from '../types.js' */
import { el, replace, setText } from '../dom.js';
import { t } from '../words.js';
import { milliseconds, perSecond } from './figures.js';
import { shape, toneOf } from './shapes.js';

/**
 * @template T
 * @typedef {{element: HTMLElement, update: (data: T) => void, anchor: (name?: string) => HTMLElement}} Tile `anchor` is
 *   where its lines end.
 */

/** @returns {Tile<number>} the client, with how many requests a second it sends */
export function clientTile() {
    const rate = el('span', { class: 'live-big number' });
    const element = el('div', { class: 'live-tile live-client' }, el('b', null, t('live.map.clients')), rate);
    return { element, anchor: () => element, update: (value) => setText(rate, perSecond(value)) };
}

/** @returns {Tile<ListenerScene[]>} the security group: each port is open, closed, or open to some */
export function gateTile() {
    const list = el('ul', { class: 'live-gate-ports' });
    const element = el('div', { class: 'live-tile live-gate' }, el('b', null, t('live.map.gate')), list);
    let shown = '';
    /** @type {Map<string, HTMLElement>} */
    const rows = new Map();
    return {
        element,
        anchor: (id = '') => rows.get(id) ?? element,
        update(listeners) {
            const wanted = JSON.stringify(listeners.map(({ id, port, gate, waiting }) => [id, port, gate, waiting]));
            if (wanted === shown) return;
            shown = wanted;
            rows.clear();
            element.classList.toggle(
                'live-is-closed',
                listeners.some(({ gate }) => gate === 'closed'),
            );
            replace(
                list,
                listeners.map(({ id, port, gate, waiting }) => {
                    const tone = gate === 'open' ? 'good' : gate === 'closed' ? 'bad' : 'warn';
                    const row = el(
                        'li',
                        { class: 'live-gate-port' },
                        shape(tone),
                        el('span', { class: 'number' }, String(port)),
                        el('span', { class: tone }, t(`live.gate.${gate}`)),
                        waiting
                            ? el('span', { class: 'live-waiting bad' }, t('live.gate.waiting', { count: waiting }))
                            : null,
                    );
                    rows.set(id, row);
                    return row;
                }),
            );
        },
    };
}

/**
 * A listener with its rules in the order of their evaluation.
 * @param {(id: string, element: HTMLElement) => void} onListener
 * @returns {Tile<ListenerScene>}
 */
export function listenerTile(onListener) {
    const head = el('button', { class: 'live-tile-head', type: 'button' });
    const note = el('div', { class: 'muted live-cut' });
    const list = el('ol', { class: 'live-rules' });
    const element = el('div', { class: 'live-tile live-listener' }, head, note, list);
    /** @type {Map<string, HTMLElement>} */
    const rows = new Map();
    let shown = '';
    let current = '';
    head.addEventListener('click', () => onListener(current, head));
    return {
        element,
        anchor: (rule) => (rule === undefined ? head : (rows.get(rule) ?? head)),
        update(listener) {
            current = listener.id;
            const wanted = JSON.stringify(listener);
            if (wanted === shown) return;
            shown = wanted;
            replace(head, `${listener.protocol}:${listener.port}`, listener.isSecure ? lock() : null);
            setText(note, listener.note ?? '');
            note.hidden = !listener.note;
            rows.clear();
            replace(
                list,
                listener.rules.map((rule) => {
                    const name = String(rule.priority);
                    const row = el(
                        'li',
                        { class: 'live-rule', title: `${name}: ${rule.text}` },
                        el(
                            'span',
                            { class: 'live-rule-priority number' },
                            name === 'default' ? t('live.map.default') : name,
                        ),
                        ' ', // where a line may end, once the two stand in a row
                        el('span', null, rule.text),
                    );
                    rows.set(name, row);
                    return row;
                }),
            );
        },
    };
}

/**
 * @param {(id: string, element: HTMLElement) => void} onGroup
 * @returns {Tile<GroupScene>}
 */
export function groupTile(onGroup) {
    const head = el('button', { class: 'live-tile-head', type: 'button' });
    const algorithm = el('div', { class: 'muted live-cut' });
    const check = el('div', { class: 'muted live-check' });
    const mode = el('div', { class: 'live-mode' });
    const element = el('div', { class: 'live-tile live-group' }, head, algorithm, check, mode);
    let current = '';
    head.addEventListener('click', () => onGroup(current, head));
    return {
        element,
        anchor: () => element,
        update(group) {
            current = group.id;
            setText(head, group.name);
            setText(algorithm, group.algorithm);
            setText(check, group.check);
            const key = group.mode === 'healthy' ? '' : t(`live.mode.${group.mode}`);
            if (mode.textContent !== key) {
                replace(
                    mode,
                    key === '' ? null : shape(group.mode === 'initial' ? 'info' : 'warn'),
                    key === '' ? null : key,
                );
            }
        },
    };
}

/**
 * @param {(id: string, element: HTMLElement) => void} onTarget
 * @returns {Tile<{target: TargetScene, digit: number | null, isChosen: boolean}>}
 */
export function targetTile(onTarget) {
    const digit = el('span', { class: 'live-digit number', 'aria-hidden': 'true' });
    const name = el('b', { class: 'live-cut' });
    const zone = el('span', { class: 'muted' });
    const state = el('span', { class: 'live-state' });
    const figures = el('span', { class: 'live-figures number' });
    const inFlight = el('span', { class: 'live-in-flight number' });
    const brief = el('span', { class: 'live-brief number' });
    const check = el('span', { class: 'live-last-check' });
    const next = el('span', { class: 'live-next number' });
    const here = el('span', { class: 'live-here muted number' });
    const faults = el('span', { class: 'live-faults' });
    const element = el(
        'button',
        { class: 'live-tile live-target', type: 'button' },
        el('span', { class: 'live-row' }, digit, name, zone, brief, state),
        el('span', { class: 'live-row live-row-figures' }, figures, inFlight),
        el('span', { class: 'live-row live-row-check' }, check, next, here),
        faults,
    );
    let current = '';
    let tone = '';
    element.addEventListener('click', () => onTarget(current, element));
    return {
        element,
        anchor: () => element,
        update({ target, digit: key, isChosen }) {
            current = target.id;
            setText(digit, key === null ? '' : String(key));
            digit.hidden = key === null;
            setText(name, target.name);
            setText(zone, target.zone ?? '');
            zone.hidden = !target.zone;
            const word = t(`live.state.${target.state}`);
            const seemsDead = target.state === 'healthy' && target.failing !== null;
            if (tone !== `${word}${seemsDead}`) {
                tone = `${word}${seemsDead}`;
                element.dataset.tone = seemsDead ? 'warn' : toneOf(target.state);
                replace(state, shape(toneOf(target.state)), word);
                state.className = `live-state live-state-${toneOf(target.state)}`;
            }
            setText(brief, perSecond(target.rate));
            setText(figures, figuresOf(target));
            setText(inFlight, ` · ${t('live.target.in_flight', { count: target.inFlight })}`);
            setText(check, checkOf(target));
            check.classList.toggle('bad', target.failing !== null);
            const soon = target.nextCheckInS;
            setText(next, soon === null ? '' : t('live.target.next', { seconds: Math.ceil(soon) }));
            const hereS = soon === null ? null : (target.nextCheckHereS ?? null);
            setText(here, hereS === null ? '' : t('live.target.here', { seconds: hereS.toFixed(1) }));
            if (faults.textContent !== target.faults.join(''))
                replace(
                    faults,
                    target.faults.map((text) => el('span', null, text)),
                );
            faults.hidden = target.faults.length === 0;
            element.setAttribute('aria-pressed', String(isChosen));
            element.title = [target.reason, target.lastCheck].filter(Boolean).join(' - ');
        },
    };
}

/** @param {TargetScene} target */
function figuresOf(target) {
    const parts = [perSecond(target.rate)];
    if (target.p95S !== null) parts.push(`p95 ${milliseconds(target.p95S)}`);
    return parts.join(' · ');
}

/** @param {TargetScene} target */
function checkOf(target) {
    const words = target.lastCheck;
    return target.failing === null ? words : `${t('live.target.failing', { of: target.failing })} · ${words}`;
}

function lock() {
    return el('span', { class: 'live-lock' }, t('live.map.encrypted'));
}
