// What there is right now, on one line: load balancers, their listeners, groups, and their targets.

/** @import {Store} from './store.js' */

import { el, replace } from '../dom.js';
import { t } from '../words.js';

/** A sign, a colour and a word for a target's state. */
const STATES = /** @type {Record<string, [string, string]>} */ ({
    healthy: ['✓', 'good'],
    unhealthy: ['✗', 'bad'],
    initial: ['◔', 'info'],
    draining: ['◑', 'warn'],
    unused: ['○', 'muted'],
});

/** What there is right now, on one line above the step: cause and effect on one screen. @param {Store} store */
export function createStrip(store) {
    const content = el('div', { class: 'learn-strip-flow' });
    const root = el('section', { class: 'panel learn-strip', 'aria-label': t('learn.now') }, content);
    let shown = '';
    /** Texts of the chips before: what is new among them is shown so. @type {Set<string>} */
    let before = new Set();
    const update = () => {
        const { status } = store;
        if (status === null) return;
        const balancers = status['load_balancers'];
        const groups = status['target_groups'].filter(
            (/** @type {any} */ group) => group.mode !== 'unused' || group.owner === 'api' || balancers.length === 0,
        );
        // Drawn anew only when it says something else: what a reader points at stays where it is.
        const now = JSON.stringify([balancers, groups.map(withoutFigures)]);
        if (now === shown) return;
        shown = now;
        replace(
            content,
            balancers.length === 0 ? el('span', { class: 'muted' }, t('learn.no_balancer')) : null,
            balancers.map(balancerOf),
            groups.map(groupOf),
        );
        const chips = [...content.querySelectorAll('.chip')];
        for (const chip of chips) {
            if (before.size > 0 && !before.has(chip.textContent ?? '')) chip.classList.add('learn-new');
        }
        before = new Set(chips.map((chip) => chip.textContent ?? ''));
    };
    update();
    return { root, update };
}

/** @param {any} group */
function withoutFigures(group) {
    const targets = group.targets.map((/** @type {any} */ one) => [one.name, one.state, one.reason, one.last_check]);
    return [group.name, group.mode, group.owner, targets];
}

/** @param {any} balancer */
function balancerOf(balancer) {
    const listeners = balancer.listeners.map((/** @type {any} */ listener) =>
        el(
            'span',
            { class: 'chip', title: listener.default_action },
            el(
                'span',
                { class: listener.gate === 'open' ? 'good' : 'bad', 'aria-hidden': 'true' },
                listener.gate === 'open' ? '▸' : '⊘',
            ),
            `${listener.protocol}:${listener.port}`,
            el(
                'span',
                { class: 'muted' },
                listener.gate === 'open' ? listener.default_action : t(`learn.gate_${listener.gate}`),
            ),
        ),
    );
    return el(
        'div',
        { class: 'learn-strip-part' },
        el('b', null, balancer.name),
        listeners.length === 0 ? el('span', { class: 'muted' }, t('learn.no_listener')) : listeners,
    );
}

/** @param {any} group */
function groupOf(group) {
    return el(
        'div',
        { class: 'learn-strip-part' },
        el('span', { class: 'learn-arrow muted', 'aria-hidden': 'true' }, '→'),
        el('b', null, group.mode === 'unused' && group.owner === 'file' ? t('learn.instances') : group.name),
        group.mode === 'fail_open' ? el('span', { class: 'chip warn' }, '⚠ ', t('learn.fail_open')) : null,
        group.targets.length === 0 ? el('span', { class: 'muted' }, t('learn.no_targets')) : null,
        group.targets.map((/** @type {any} */ target) => {
            const [sign, kind] = STATES[target.state] ?? ['?', 'muted'];
            return el(
                'span',
                { class: 'chip', title: [target.reason, target.last_check].filter(Boolean).join(' · ') },
                el('span', { class: kind, 'aria-hidden': 'true' }, sign),
                target.name,
                el('span', { class: kind }, target.state),
            );
        }),
    );
}
