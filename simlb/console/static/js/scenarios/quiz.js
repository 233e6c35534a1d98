// Predict, then reveal: the question that the story asks, its choices, and what was right.

/** @import {Json} from '../types.js' */
/** @import {Question, Tale} from './tale.js' */
import { hasToken, post } from '../api.js';
import { el, replace } from '../dom.js';
import { toastError } from '../toast.js';
import { bi, t } from '../words.js';

/** @param {string} run */
export function createQuiz(run) {
    const root = el('section', { class: 'panel scenarios-quiz', 'aria-live': 'polite', hidden: true });
    let shown = '';
    /** The number of the question that can be answered; 0: none. */
    let open = 0;
    let choices = 0;

    /** @param {number | null} choice */
    async function answer(choice) {
        const question = open;
        if (question === 0) return;
        open = 0;
        for (const button of root.querySelectorAll('button')) button.disabled = true;
        try {
            await post(`/api/v1/runs/${encodeURIComponent(run)}/answer`, { question, choice });
        } catch (error) {
            shown = '';
            toastError(error);
        }
    }

    /** @param {KeyboardEvent} event */
    function press(event) {
        if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
        const choice = '123456789'.indexOf(event.key);
        if (event.key.length === 1 && choice >= 0 && choice < choices && open > 0) {
            event.preventDefault();
            void answer(choice);
        }
    }
    document.addEventListener('keydown', press);

    /** @param {Question} question @param {boolean} isRevealed @param {boolean} waits the run waits for an answer, now */
    function draw(question, isRevealed, waits) {
        const mayAnswer = waits && hasToken();
        replace(
            root,
            el('h2', null, isRevealed ? verdictOf(question) : t('scenarios.quiz.title')),
            el('p', { class: 'scenarios-question' }, bi(question.question)),
            el(
                'ol',
                { class: 'scenarios-choices' },
                question.choices.map((choice, index) =>
                    el(
                        'li',
                        null,
                        el(
                            'button',
                            {
                                class: `btn scenarios-choice${isRevealed ? mark(question, index) : ''}`,
                                type: 'button',
                                disabled: !mayAnswer,
                                on: { click: () => answer(index) },
                            },
                            el('kbd', null, String(index + 1)),
                            el('span', null, bi(choice)),
                            isRevealed ? notes(question, index) : null,
                        ),
                    ),
                ),
            ),
            isRevealed && question.explanation !== null
                ? el('p', { class: 'scenarios-explanation' }, bi(question.explanation))
                : null,
            !waits
                ? null
                : el(
                      'p',
                      { class: 'scenarios-quiz-foot muted' },
                      mayAnswer
                          ? el(
                                'button',
                                { class: 'btn', type: 'button', on: { click: () => answer(null) } },
                                t('scenarios.quiz.tell'),
                            )
                          : null,
                      !hasToken()
                          ? t('scenarios.quiz.look')
                          : t('scenarios.quiz.hint', { count: question.choices.length }),
                  ),
        );
    }

    return {
        root,
        /** @param {Tale} tale @param {Json} view @param {Question | null} question @param {number} at */
        update(tale, view, question, at) {
            const number = question === null ? 0 : tale.questions.indexOf(question) + 1;
            const isAnswered = question !== null && question.answeredAt !== null && question.answeredAt <= at;
            const waits = number > 0 && !isAnswered && view['question'] === number;
            const key = `${number}${isAnswered}${waits}`;
            if (key === shown) return;
            shown = key;
            open = waits && hasToken() ? number : 0;
            choices = question?.choices.length ?? 0;
            root.hidden = question === null;
            if (question === null) replace(root);
            else draw(question, isAnswered, waits);
        },
        close: () => document.removeEventListener('keydown', press),
    };
}

/** @param {Question} question */
function verdictOf(question) {
    if (question.chosen === null) return t('scenarios.quiz.told');
    return question.isRight
        ? el('span', { class: 'good' }, `✔ ${t('scenarios.quiz.right')}`)
        : el('span', { class: 'bad' }, `✗ ${t('scenarios.quiz.wrong')}`);
}

/** @param {Question} question @param {number} index */
function mark(question, index) {
    if (index === question.answer) return ' scenarios-choice-right';
    return index === question.chosen ? ' scenarios-choice-wrong' : '';
}

/** @param {Question} question @param {number} index */
function notes(question, index) {
    const words = [
        index === question.answer ? `✔ ${t('scenarios.quiz.is_right')}` : '',
        index === question.chosen ? t('scenarios.quiz.is_chosen') : '',
    ].filter(Boolean);
    return words.length === 0 ? null : el('span', { class: 'scenarios-choice-note' }, words.join(' · '));
}

/** @param {EventTarget | null} target */
function isTyping(target) {
    return target instanceof HTMLElement && ['INPUT', 'SELECT', 'TEXTAREA'].includes(target.tagName);
}
