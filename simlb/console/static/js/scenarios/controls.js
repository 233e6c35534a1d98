// What moves the moment that is shown: hold and play, pace, and a slider over all that is known of the run.

/** @import {Json} from '../types.js' */
/** @import {Playhead} from './playhead.js' */
/** @import {Tale} from './tale.js' */
import { el, setText } from '../dom.js';
import { t } from '../words.js';
import { RATES } from './playhead.js';
import { goesOn } from './runs_list.js';
import { createTrack } from './track.js';

/**
 * @param {Playhead} playhead
 * @param {() => void} onMoved somebody chose another moment
 */
export function createControls(playhead, onMoved) {
    const play = el('button', { class: 'btn btn-primary scenarios-hold', type: 'button' });
    const rate = el(
        'select',
        { class: 'field scenarios-rate', 'aria-label': t('scenarios.control.rate') },
        RATES.map((one) => el('option', { value: String(one), selected: one === 1 }, `${one}×`)),
    );
    const track = createTrack((at) => {
        playhead.seek(at);
        onMoved();
    });
    let runs = false;
    play.addEventListener('click', () => {
        if (runs) playhead.pause();
        else playhead.play();
        onMoved();
    });
    rate.addEventListener('change', () => {
        playhead.isFollowing = false;
        playhead.rate = Number(rate.value);
        onMoved();
    });
    /** @param {KeyboardEvent} event */
    function press(event) {
        if (event.key !== ' ' || event.target !== document.body) return;
        event.preventDefault();
        play.click();
    }
    document.addEventListener('keydown', press);

    return {
        root: el('div', { class: 'scenarios-controls' }, play, track.root, rate),
        /** @param {Tale} tale @param {Json} view @param {{from: number, to: number}} span */
        update(tale, view, span) {
            runs = playhead.isPlaying && (playhead.isFollowing ? goesOn(view) : !playhead.isAtEnd);
            setText(play, runs ? '‖' : '▶');
            const name = t(runs ? 'scenarios.control.hold' : 'scenarios.control.play');
            if (play.title !== name) {
                play.title = name;
                play.setAttribute('aria-label', name);
            }
            rate.value = String(playhead.rate);
            track.update(tale, playhead, span);
        },
        close: () => document.removeEventListener('keydown', press),
    };
}
