// Shapes that several modules share. Types only: nothing here runs.

/**
 * @typedef {Record<string, any>} Json An object of the control port's JSON; docs/json-api.md has its members.
 * @typedef {{en: string, ko: string}} Both One text in both languages.
 * @typedef {() => void} Off Takes back what was set up.
 * @typedef {(root: HTMLElement, params: string[]) => (Off | Promise<Off>)} Mount Builds a page; what it returns ends it.
 */

export {};
