// The top of a run: one sentence that can be read from the back of the room, and a big clock.

/** @import {Json} from '../types.js' */
/** @import {Tale} from './tale.js' */
import { el, replace, setText } from '../dom.js';
import { bi, t } from '../words.js';
import { clock, duration } from './format.js';
import { isStillAt, partAt, questionAt, sentenceAt } from './moment.js';

/** @param {string} scenario @param {HTMLElement} story what one can do with the run */
export function createHead(scenario, story) {
    const title = el('h1', { class: 'scenarios-title' });
    const sentence = el('p', { class: 'scenarios-sentence', 'aria-live': 'polite' });
    const label = el('span', { class: 'muted' });
    const notice = el('p', { class: 'bad', role: 'alert', hidden: true });
    const time = el('span', { class: 'scenarios-clock number' });
    const real = el('span', { class: 'muted number' });
    const root = el(
        'header',
        { class: 'scenarios-head' },
        el(
            'div',
            { class: 'panel scenarios-telling' },
            el(
                'div',
                { class: 'scenarios-telling-top' },
                el(
                    'a',
                    { href: `#/scenarios/${encodeURIComponent(scenario)}`, 'aria-label': t('scenarios.back') },
                    '←',
                ),
                title,
                story,
            ),
            notice,
            sentence,
        ),
        el('div', { class: 'panel scenarios-times' }, label, time, real),
    );
    let shown = '';

    return {
        root,
        /** Say what is wrong with the run, or nothing. @param {string} text */
        tell(text) {
            notice.hidden = text === '';
            setText(notice, text);
        },
        /** @param {Tale} tale @param {Json} view @param {number} at */
        update(tale, view, at) {
            setText(title, tale.meta === null ? bi(view['title']) : bi(tale.meta['title']));
            const origin = tale.startAt ?? at;
            setText(time, clock(at - origin));
            const realS = (at - origin) / tale.speed;
            setText(
                real,
                t('scenarios.run.real_time', { time: duration(Math.max(0, Math.floor(realS))), speed: tale.speed }),
            );
            const isStill = isStillAt(tale, at);
            const isEnding = partAt(tale, at) === 'ending';
            const place = t(isEnding ? 'scenarios.state.ending' : 'scenarios.run.aws_time');
            setText(label, isStill ? `‖ ${t('scenarios.run.still')}` : place);
            label.className = isStill ? 'warn' : 'muted';
            const [tone, text, moral] = words(tale, view, at);
            if (`${tone}${text}${moral}` === shown) return;
            shown = `${tone}${text}${moral}`;
            sentence.className = `scenarios-sentence ${tone}`;
            replace(sentence, el('span', null, text), moral ? el('span', { class: 'scenarios-moral' }, moral) : null);
        },
    };
}

/** @param {Tale} tale @param {Json} view @param {number} at @returns {[string, string, string?]} colour, sentence,
 * and the story's last one when it is over */
function words(tale, view, at) {
    const part = partAt(tale, at);
    if (part === 'over' && tale.end !== null) {
        const { outcome, why } = tale.end;
        const last =
            outcome === 'passed' || outcome === 'failed' ? bi(tale.says.at(-1)?.words ?? { en: '', ko: '' }) : '';
        const final = tale.verdicts.filter(({ isFinal }) => isFinal);
        const passed = final.filter((one) => one.passed).length;
        const count = final.length > 0 ? ` · ${t('scenarios.verdicts.count', { passed, of: final.length })}` : '';
        const tone = outcome === 'passed' ? 'good' : ['void', 'interrupted'].includes(outcome) ? 'warn' : 'bad';
        const sign = outcome === 'passed' ? '✔' : outcome === 'interrupted' ? '■' : '✗';
        return [tone, `${sign} ${t(`scenarios.outcome.${outcome}`)}${count}${why ? ` · ${why}` : ''}`, last];
    }
    if (view['state'] === 'lost' && at >= tale.lastAt - tale.speed) return ['bad', `! ${t('scenarios.run.lost')}`];
    const told = sentenceAt(tale, at);
    if (part === 'starting') return ['muted', t('scenarios.run.preparing')];
    // A story may begin with its question; what it is about would tell the answer.
    if (told === null) return ['', questionAt(tale, at) === null ? '' : t('scenarios.quiz.title')];
    return ['', bi(told.words)];
}
