// A form for any fault, made of what the instance says about its types: parameters, selectors, and what comes of it.

/** @import {Json} from '../types.js' */
import { post } from '../api.js';
import { el, replace } from '../dom.js';
import { toast, toastError } from '../toast.js';
import { bi, t } from '../words.js';

/** Selectors that one field is enough for; `match` is by path here. */
const SELECTORS = ['percent', 'count', 'every', 'pattern'];

/**
 * @param {Json[]} types those that can be installed here
 * @param {string} on what they are installed on
 * @param {() => void} onInstalled
 */
export function faultForm(types, on, onInstalled) {
    const choice = el(
        'select',
        { class: 'field', 'aria-label': t('live.fault.type') },
        types.map((type) => el('option', { value: type['name'] }, type['name'])),
    );
    const fields = el('div', { class: 'live-form-fields' });
    const form = el('form', { class: 'live-form' }, el('label', null, t('live.fault.type'), choice), fields);
    /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
    const inputs = new Map();

    function build() {
        const type = types.find(({ name }) => name === choice.value);
        inputs.clear();
        if (type === undefined) return;
        replace(
            fields,
            el('p', null, bi({ en: type['en'], ko: type['ko'] })),
            el('p', { class: 'muted' }, '→ ', bi({ en: type['consequence_en'], ko: type['consequence_ko'] })),
            type['parameters'].map(parameter),
            type['selectors'].includes('match') ? line('match', 'live.fault.match', '/api/*') : null,
            SELECTORS.filter((name) => type['selectors'].includes(name)).map((name) =>
                line(name, `live.fault.${name}`, EXAMPLES[name] ?? ''),
            ),
            type['momentary'] ? null : line('for', 'live.fault.for', '20s'),
            el('button', { class: 'btn btn-danger', type: 'submit' }, t('live.fault.install', { on })),
        );
    }

    /** @param {Json} one */
    function parameter(one) {
        const label = bi({ en: one['en'], ko: one['ko'] });
        /** @type {HTMLInputElement | HTMLSelectElement} */
        let input;
        if (one['choices'].length > 0 || one['kind'] === 'flag') {
            const choices = one['kind'] === 'flag' ? ['true', 'false'] : one['choices'];
            input = el(
                'select',
                { class: 'field' },
                choices.map((/** @type {string} */ value) => el('option', { value }, value)),
            );
            input.value = one['default'] ?? choices[0];
        } else {
            input = el('input', {
                class: 'field mono',
                placeholder: one['default'] ?? EXAMPLES[one['kind']] ?? '',
                required: one['required'],
            });
        }
        inputs.set(`parameter ${one['name']}`, input);
        return el(
            'label',
            null,
            el('span', null, el('b', { class: 'mono' }, one['name']), ' ', el('span', { class: 'muted' }, label)),
            input,
        );
    }

    /** @param {string} name @param {string} key @param {string} example */
    function line(name, key, example) {
        const input = el('input', { class: 'field mono', placeholder: example });
        inputs.set(name, input);
        return el('label', null, el('span', { class: 'muted' }, t(key)), input);
    }

    choice.addEventListener('change', build);
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        try {
            await install(bodyOf(choice.value, on, inputs));
            onInstalled();
        } catch (error) {
            toastError(error);
        }
    });
    build();
    return form;
}

/** @type {Record<string, string>} */
const EXAMPLES = {
    percent: '50%',
    count: '2',
    every: '3',
    pattern: 'FFS',
    duration: '300ms',
    bytes: '64k',
    whole: '10',
    number: '0.5',
};

/** @param {string} type @param {string} on @param {Map<string, HTMLInputElement | HTMLSelectElement>} inputs */
function bodyOf(type, on, inputs) {
    /** @type {Json} */
    const body = { type, on };
    /** @type {Record<string, string>} */
    const parameters = {};
    for (const [name, input] of inputs) {
        const value = input.value.trim();
        if (value === '') continue;
        if (name.startsWith('parameter ')) parameters[name.slice(10)] = value;
        else if (name === 'match') body['match'] = { path: value };
        else if (name === 'count' || name === 'every') body[name] = Number(value);
        else body[name] = value;
    }
    if (Object.keys(parameters).length > 0) body['parameters'] = parameters;
    return body;
}

/**
 * Install a fault and tell of it.
 * @param {Json} body of `POST /api/v1/faults`
 */
export async function install(body) {
    const fault = await post('/api/v1/faults', body);
    toast(
        t('live.fault.installed', { words: fault.words, on: fault.acts_on.join(', ') }),
        'info',
        fault.undo ? [t('live.fault.undo_by', { command: fault.undo })] : [],
    );
}
