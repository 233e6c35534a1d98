// The line of a run from its beginning to its end: a slider, and above it what happened when.

/** @import {Playhead} from './playhead.js' */
/** @import {Tale} from './tale.js' */
import { el, replace } from '../dom.js';
import { bi, t } from '../words.js';
import { shortClock } from './format.js';

/** Nearer to each other than this part of the line, two steps share a mark. */
const CLOSE = 0.032;
/** What a step does is done within so many real seconds. */
const PERFORMED_S = 0.05;

/** @param {(at: number) => void} onSeek */
export function createTrack(onSeek) {
    const marks = el('ol', { class: 'scenarios-marks' });
    const slider = el('input', {
        class: 'scenarios-slider',
        type: 'range',
        step: '0.1',
        'aria-label': t('scenarios.control.slider'),
    });
    const root = el('div', { class: 'scenarios-track' }, marks, slider);
    let isHeld = false;
    let shown = '';
    slider.addEventListener('input', () => onSeek(Number(slider.value)));
    slider.addEventListener('pointerdown', () => (isHeld = true));
    slider.addEventListener('pointerup', () => (isHeld = false));

    /** @param {Tale} tale @param {{from: number, to: number}} span */
    function draw(tale, { from, to }) {
        const origin = tale.startAt ?? 0;
        /** @param {number} at */
        const part = (at) => (at - from) / Math.max(1, to - from);
        /** @type {{at: number, steps: number[]}[]} */
        const grouped = [];
        for (const { at, step } of tale.steps) {
            const last = grouped.at(-1);
            if (last !== undefined && part(at) - part(last.at) < CLOSE) last.steps.push(step);
            else grouped.push({ at, steps: [step] });
        }
        replace(
            marks,
            tale.stills
                .filter((still) => still.to > from)
                .map((still) =>
                    el('li', {
                        class: 'scenarios-still-part',
                        'aria-hidden': 'true',
                        style: {
                            left: percent(part(still.from)),
                            width: percent(part(Math.min(still.to, tale.lastAt)) - part(still.from)),
                        },
                    }),
                ),
            tale.marks
                .filter(({ at, kind }) => at >= from && kind !== 'warning')
                .map((mark) =>
                    el('li', {
                        class: `scenarios-tick ${mark.isBad ? 'scenarios-tick-bad' : ''}`,
                        'aria-hidden': 'true',
                        title: t(`scenarios.mark.${mark.kind}`, { text: bi(mark.words) }),
                        style: { left: percent(part(mark.at)) },
                    }),
                ),
            grouped.map(({ at, steps }) =>
                el(
                    'li',
                    { class: 'scenarios-step', style: { left: percent(part(at)) } },
                    el(
                        'button',
                        {
                            type: 'button',
                            'aria-label': t('scenarios.control.step', {
                                number: steps.length === 1 ? Number(steps[0]) : `${steps[0]}–${steps.at(-1)}`,
                                time: shortClock(at - origin),
                            }),
                            title: shortClock(at - origin),
                            on: { click: () => onSeek(at + PERFORMED_S * tale.speed) },
                        },
                        steps.length === 1 ? String(steps[0]) : `${steps[0]}–${steps.at(-1)}`,
                    ),
                ),
            ),
        );
    }

    return {
        root,
        /** @param {Tale} tale @param {Playhead} playhead @param {{from: number, to: number}} span */
        update(tale, playhead, span) {
            const key = `${span.from}|${span.to}|${tale.steps.length}|${tale.marks.length}|${tale.stills.length}|${tale.stills.at(-1)?.to}`;
            const isStill = tale.stills.at(-1)?.to === Infinity;
            if (key !== shown || isStill) {
                shown = key;
                draw(tale, span);
            }
            slider.min = String(span.from);
            slider.max = String(span.to);
            if (!isHeld || playhead.isPlaying) slider.value = String(playhead.at);
            slider.setAttribute('aria-valuetext', shortClock(playhead.at - (tale.startAt ?? 0)));
        },
    };
}

/** @param {number} part */
function percent(part) {
    return `${(Math.min(1, Math.max(0, part)) * 100).toFixed(2)}%`;
}
