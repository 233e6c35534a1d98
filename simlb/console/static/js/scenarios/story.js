// What one can do with a run: hold its story up and stop it while it goes on; afterwards its report and its journal.

/** @import {Json} from '../types.js' */
/** @import {Playhead} from './playhead.js' */
import { hasToken, post } from '../api.js';
import { el, replace, setText } from '../dom.js';
import { toastError } from '../toast.js';
import { t } from '../words.js';
import { goesOn } from './runs_list.js';

/**
 * @param {string} run
 * @param {Playhead} playhead
 * @param {() => void} onMoved somebody chose another moment
 */
export function createStory(run, playhead, onMoved) {
    const path = `/api/v1/runs/${encodeURIComponent(run)}`;
    const mode = el('span', { class: 'chip' });
    const now = el('button', { class: 'btn', type: 'button', hidden: true }, t('scenarios.control.now'));
    const buttons = el('span', { class: 'scenarios-story-buttons' });
    const root = el('div', { class: 'scenarios-story' }, mode, now, buttons);
    let shown = '';
    now.addEventListener('click', () => {
        playhead.follow();
        onMoved();
    });

    /** @param {string} name */
    async function command(name) {
        for (const button of buttons.querySelectorAll('button')) button.disabled = true;
        try {
            await post(`${path}/${name}`);
        } catch (error) {
            toastError(error);
        }
        shown = '';
    }

    /** @param {string} name @param {string} kind @param {string} label @param {string} [title] */
    function button(name, kind, label, title) {
        return el('button', { class: `btn ${kind}`, type: 'button', title, on: { click: () => command(name) } }, label);
    }

    /** @param {Json} view */
    function going(view) {
        const note = t('scenarios.control.pause_note');
        if (view['state'] === 'ending') return [];
        return [
            view['is_paused']
                ? button('resume', 'btn-primary', `▶ ${t('scenarios.control.resume')}`, note)
                : button('pause', '', `‖ ${t('scenarios.control.pause')}`, note),
            button('stop', 'btn-danger', `■ ${t('scenarios.control.stop')}`),
        ];
    }

    /** @param {Json} view */
    function over(view) {
        const report = { class: 'btn btn-primary', href: `${path}/report`, target: '_blank', rel: 'noopener' };
        const again = `#/scenarios/${encodeURIComponent(view['scenario'])}`;
        return [
            el('a', report, t('scenarios.run.report')),
            el('a', { class: 'btn', href: `${path}/journal`, download: '' }, t('scenarios.run.journal')),
            el('a', { class: 'btn', href: again }, t('scenarios.run.again')),
        ];
    }

    return {
        root,
        /** @param {Json} view */
        update(view) {
            const isLive = goesOn(view);
            const isFollowing = isLive && playhead.isFollowing;
            setText(mode, t(isFollowing ? 'scenarios.control.live' : 'scenarios.control.replay'));
            mode.className = `chip ${isFollowing ? 'good' : 'info'}`;
            now.hidden = !isLive || isFollowing;
            const key = `${isLive}${view['is_paused']}${view['state'] === 'ending'}`;
            if (key === shown) return;
            shown = key;
            replace(buttons, isLive ? (hasToken() ? going(view) : null) : over(view));
        },
    };
}
