// Elements without a framework. Whatever comes from users, headers or files becomes text, never markup.

/**
 * @typedef {Node | string | number | null | undefined | false} Piece
 * @typedef {Piece | Piece[]} Child
 * @typedef {{on?: Record<string, (event: any) => void>, style?: Record<string, string>, dataset?: Record<string, string>,
 *   [attribute: string]: any}} Props
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @template {Element} T
 * @param {T} node
 * @param {Props | null | undefined} props
 * @param {Child[]} children
 * @returns {T}
 */
function filled(node, props, children) {
    for (const [name, value] of Object.entries(props ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (name === 'on') {
            for (const [type, listener] of Object.entries(value))
                node.addEventListener(type, /** @type {any} */ (listener));
        } else if (name === 'style') {
            // Through the object model: the page's policy forbids style attributes.
            for (const [key, text] of Object.entries(value)) {
                /** @type {any} */ (node).style.setProperty(key, String(text));
            }
        } else if (name === 'dataset') {
            Object.assign(/** @type {any} */ (node).dataset, value);
        } else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'hidden') {
            /** @type {any} */ (node)[name] = value;
        } else {
            node.setAttribute(name, value === true ? '' : String(value));
        }
    }
    node.append(...pieces(children));
    return node;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function pieces(children) {
    /** @type {(Node | string)[]} */
    const found = [];
    for (const child of children.flat()) {
        if (child === null || child === undefined || child === false) continue;
        found.push(child instanceof Node ? child : String(child));
    }
    return found;
}

/**
 * An HTML element. `props`: attributes, `on` listeners, `style` properties, `dataset`; null, undefined and false are left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children nodes, or texts
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, props, ...children) {
    return filled(document.createElement(tag), props, children);
}

/**
 * The same in SVG.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, props, ...children) {
    return filled(/** @type {SVGElementTagNameMap[K]} */ (document.createElementNS(SVG, tag)), props, children);
}

/**
 * Put these in place of all that a node holds.
 * @param {Element} node
 * @param {...Child} children
 */
export function replace(node, ...children) {
    node.replaceChildren(...pieces(children));
}

/**
 * Change a text only when it is another one: layout and screen readers are left alone.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}
