// What can be known of and done to a target, a target group or a listener: actions, reachability, faults with their undo.

/** @import {Json} from '../types.js' */
/** @import {ActionName} from './actions.js' */
import { del, get, hasToken, post } from '../api.js';
import { el, replace } from '../dom.js';
import { toast, toastError } from '../toast.js';
import { language, t } from '../words.js';
import { act } from './actions.js';
import { faultForm } from './fault_form.js';
import { milliseconds } from './figures.js';
import { storyOf } from './request_panel.js';

/** @type {{name: ActionName, key: string, isDanger: boolean}[]} */
const ACTIONS = [
    { name: 'kill', key: 'K', isDanger: true },
    { name: 'hang', key: '', isDanger: true },
    { name: 'slow', key: '', isDanger: true },
    { name: 'drain', key: '', isDanger: true },
    { name: 'restart', key: '', isDanger: false },
    { name: 'restore', key: 'R', isDanger: false },
];

/**
 * A target: what to do with it, how to reach it past the load balancer, why it is as it is.
 * @param {Json} group of the status
 * @param {Json} target
 * @returns {HTMLElement}
 */
export function targetPanel(group, target) {
    const story = el('div', { class: 'live-story' });
    const isOwn = target['process'] !== null;
    const buttons = ACTIONS.filter(({ name }) => isOwn || (name !== 'kill' && name !== 'restart')).map(
        ({ name, key, isDanger }) =>
            el(
                'button',
                {
                    class: `btn ${isDanger ? 'btn-danger' : 'btn-primary'}`,
                    type: 'button',
                    title: t(`live.action_help.${name}`),
                    dataset: { action: name },
                    on: { click: () => act(name, group['name'], target).then(refresh) },
                },
                t(`live.action.${name}`),
                key === '' ? null : el('kbd', null, key),
            ),
    );
    const faults = faultsPart('target', target['name']);

    async function refresh() {
        faults.refresh();
        try {
            const found = await get(`/api/v1/explain/targets/${encodeURIComponent(target['name'])}?lang=${language()}`);
            const mine = /** @type {Json[]} */ (found.stories).find(
                ({ facts }) => facts.target_group === group['name'],
            );
            replace(
                story,
                mine === undefined ? null : el('h3', null, t('live.target.why')),
                ...(mine === undefined ? [] : storyOf(mine)),
            );
        } catch (error) {
            replace(story, el('p', { class: 'bad' }, /** @type {Error} */ (error).message));
        }
    }
    refresh();
    return el(
        'div',
        { class: 'live-place' },
        hasToken() ? null : el('p', { class: 'warn' }, t('shell.needs_token_hint')),
        el('div', { class: 'live-actions' }, buttons),
        directPart(target),
        faults.element,
        story,
    );
}

/**
 * A group's or a listener's faults.
 * @param {'target group' | 'listener'} scope
 * @param {string} on
 * @param {(Node | null)[]} facts
 */
export function otherPanel(scope, on, facts) {
    return el('div', { class: 'live-place' }, facts, faultsPart(scope, on).element);
}

/**
 * The way past the load balancer. An instance's own address stays open beside it: simlb closes a listener's gate, never that
 * of a process on this machine.
 * @param {Json} target
 */
function directPart(target) {
    const url = `http://${target['dial']}/`;
    const result = el('p', { 'aria-live': 'polite' });
    const visit = async () => {
        try {
            const found = await post(`/api/v1/targets/${encodeURIComponent(target['name'])}/visit`);
            const words =
                found.status === null
                    ? t('live.direct.closed', { error: found.error })
                    : t('live.direct.open', { status: found.status, ms: milliseconds(found.duration_s) });
            replace(
                result,
                el(
                    'span',
                    { class: found.status === null ? 'bad' : 'good' },
                    found.status === null ? '✗ ' : '✓ ',
                    words,
                ),
            );
        } catch (error) {
            toastError(error);
        }
    };
    return el(
        'section',
        { class: 'live-story-part' },
        el('h3', null, t('live.direct.title')),
        el(
            'p',
            null,
            el('a', { class: 'mono', href: url, target: '_blank', rel: 'noreferrer noopener' }, url),
            ' ',
            el('button', { class: 'btn', type: 'button', on: { click: visit } }, t('live.direct.visit')),
        ),
        result,
        el('p', { class: 'muted' }, t('live.direct.note')),
    );
}

/** @param {string} scope @param {string} on */
function faultsPart(scope, on) {
    const list = el('ul', { class: 'live-fault-list' });
    const form = el('details', { class: 'live-fault-new' });

    async function refresh() {
        const { faults } = await get('/api/v1/faults');
        const mine = /** @type {Json[]} */ (faults).filter((fault) => isOn(fault, on));
        replace(
            list,
            mine.length === 0 ? el('li', { class: 'muted' }, t('live.fault.none')) : null,
            mine.map((fault) =>
                el('li', null, el('span', { class: 'mono' }, fault['words']), leftOf(fault), undo(fault, refresh)),
            ),
        );
    }

    async function fill() {
        const { fault_types: types } = await get('/api/v1/fault-types');
        const fitting = /** @type {Json[]} */ (types).filter((type) => type['scope'] === scope);
        replace(form, el('summary', { class: 'btn' }, t('live.fault.add')), faultForm(fitting, on, refresh));
    }
    refresh().catch(toastError);
    fill().catch(toastError);
    return {
        element: el('section', { class: 'live-story-part' }, el('h3', null, t('live.fault.title')), list, form),
        refresh: () => void refresh().catch(toastError),
    };
}

/** A listener is `443` or `my-alb:443` to commands, and `HTTPS:443` where faults tell what they act on.
 * @param {Json} fault @param {string} on */
function isOn(fault, on) {
    return (
        fault['on'] === on || fault['acts_on'].some((/** @type {string} */ one) => one === on || one.endsWith(`:${on}`))
    );
}

/** @param {Json} fault */
function leftOf(fault) {
    return fault['left_s'] === null
        ? null
        : el('span', { class: 'muted number' }, t('live.fault.left', { seconds: Math.ceil(fault['left_s']) }));
}

/** @param {Json} fault @param {() => void} after */
function undo(fault, after) {
    const run = async () => {
        try {
            await del(`/api/v1/faults/${encodeURIComponent(fault['name'])}`);
            toast(t('live.fault.removed', { words: fault['words'] }), 'good');
            after();
        } catch (error) {
            toastError(error);
        }
    };
    return el('button', { class: 'btn', type: 'button', on: { click: run } }, t('live.fault.undo'));
}
