// Why a request went where it went: the story that the instance tells of it, its times, and the same request once more.

/** @import {Json} from '../types.js' */
import { get, post } from '../api.js';
import { el, replace } from '../dom.js';
import { toast, toastError } from '../toast.js';
import { language, t } from '../words.js';
import { milliseconds } from './figures.js';

const TIMES = ['request_processing_time_s', 'target_processing_time_s', 'response_processing_time_s'];

/**
 * @param {number} number of the request
 * @param {(number: number) => void} open shows another request: the one that was sent again
 * @returns {HTMLElement}
 */
export function requestPanel(number, open) {
    const root = el(
        'div',
        { class: 'live-story', 'aria-live': 'polite' },
        el('p', { class: 'muted' }, t('live.panel.loading')),
    );
    get(`/api/v1/explain/exchanges/${number}?lang=${language()}`).then(
        (story) => replace(root, storyOf(story), again(number, open)),
        (error) =>
            replace(
                root,
                el('p', { class: 'bad' }, error.message),
                ...(error.hints ?? []).map((/** @type {string} */ hint) => el('p', null, hint)),
            ),
    );
    return root;
}

/**
 * Any story: what came of it and who made that, cause, what to do, every step.
 * @param {Json} story
 * @returns {(HTMLElement | null)[]}
 */
export function storyOf(story) {
    const facts = story['facts'] ?? {};
    const isError = Number(facts.elb_status_code ?? 0) >= 500 || facts.severity === 'error';
    return [
        el('p', { class: 'mono live-story-subject' }, story['subject']),
        el('p', { class: `live-story-outcome ${isError ? 'bad' : ''}` }, story['outcome']),
        makerOf(story['produced_by']),
        waterfall(facts),
        section('cause', story['cause'] ? [el('p', null, story['cause'])] : []),
        section(
            'next',
            story['next_steps']?.length
                ? [
                      el(
                          'ol',
                          null,
                          story['next_steps'].map((/** @type {string} */ text) => el('li', null, text)),
                      ),
                  ]
                : [],
        ),
        section('steps', (story['steps'] ?? []).map(stepOf)),
    ];
}

/** @param {string} by */
function makerOf(by) {
    const key = by === 'load balancer' ? 'elb' : by === 'target' ? 'target' : null;
    return key === null
        ? null
        : el('p', null, el('span', { class: 'chip' }, t('live.story.made_by', { who: t(`live.by.${key}`) })));
}

/** @param {string} name @param {(Node | null)[]} content */
function section(name, content) {
    if (content.length === 0) return null;
    return el('section', { class: 'live-story-part' }, el('h3', null, t(`live.story.${name}`)), content);
}

/** @param {Json} step */
function stepOf(step) {
    return el(
        'div',
        { class: 'live-step' },
        el('div', { class: 'live-step-topic accent' }, step['topic']),
        el(
            'div',
            null,
            step['text'],
            (step['details'] ?? []).map((/** @type {string} */ detail) =>
                el('div', { class: 'muted mono live-step-detail' }, detail),
            ),
        ),
    );
}

/**
 * Where its time went: until it was on its way to the target, until the target's response head, until the end.
 * @param {Json} facts
 */
function waterfall(facts) {
    const times = TIMES.map((name) => facts[name]);
    if (times.every((value) => value === null || value === undefined)) return null;
    const total = times.reduce((sum, value) => sum + Math.max(0, value ?? 0), 0);
    if (total <= 0) return null;
    let before = 0;
    const rows = times.map((value, index) => {
        const seconds = Math.max(0, value ?? 0);
        const bar = el('span', {
            class: `live-waterfall-bar live-waterfall-${index}`,
            style: { 'margin-left': `${(100 * before) / total}%`, width: `${Math.max(0.6, (100 * seconds) / total)}%` },
        });
        before += seconds;
        return el(
            'div',
            { class: 'live-waterfall-row' },
            el('span', null, t(`live.times.${TIMES[index]}`)),
            el('span', { class: 'live-waterfall-track', 'aria-hidden': 'true' }, bar),
            el('span', { class: 'number' }, value === null || value === undefined ? '-' : milliseconds(seconds)),
        );
    });
    return el(
        'section',
        { class: 'live-story-part' },
        el('h3', null, t('live.story.times')),
        el('div', { class: 'live-waterfall' }, rows),
    );
}

/** @param {number} number @param {(number: number) => void} open */
function again(number, open) {
    const button = el(
        'button',
        { class: 'btn live-again', type: 'button', on: { click: send } },
        t('live.story.replay'),
    );

    async function send() {
        button.disabled = true;
        try {
            const answer = await post(`/api/v1/exchanges/${number}/replay`);
            const isWell = answer.status !== null && answer.status < 500;
            const now =
                answer.status === null ? t('live.story.no_answer', { error: answer.error ?? '' }) : answer.status;
            toast(t('live.story.replayed', { now, ms: milliseconds(answer.duration_s) }), isWell ? 'good' : 'bad');
            if (answer.number !== null) open(answer.number);
        } catch (error) {
            toastError(error);
        }
        button.disabled = false;
    }
    return button;
}
