// Shapes of the course (simlb/console/learning/course.py) and of how far a learner is (views.py). Types only.

/** @import {Both, Json} from '../types.js' */
/** @import {Call} from './cli.js' */

/**
 * @typedef {string | number | string[]} Value what a field holds
 * @typedef {Call & {when?: {field: string, is: string}}} StepCall
 *
 * @typedef {object} Field
 * @property {string} id
 * @property {Both} label
 * @property {'text' | 'number' | 'select' | 'checks'} kind
 * @property {Value} value
 * @property {Both | string} [default]
 * @property {Both} [note]
 * @property {number} [min]
 * @property {number} [max]
 * @property {string} [pattern]
 * @property {{value: string, label?: Both | null}[]} [options]
 * @property {string} [from]
 * @property {string} [labels]
 *
 * @typedef {{id: string, text: Both}} Observation
 * @typedef {{type: string, at?: string[], parameters?: Record<string, string | number | boolean>}} Fault
 *
 * @typedef {object} Mistake
 * @property {string} id
 * @property {Both} title
 * @property {Both} do
 * @property {Both} see
 * @property {Both} why
 * @property {Both} read
 * @property {Record<string, Value>} [fields]
 * @property {StepCall[]} [calls]
 * @property {Fault} [fault]
 * @property {StepCall[]} [undo]
 * @property {number} [after]
 * @property {number} [until]
 *
 * @typedef {object} Step
 * @property {number} number
 * @property {string} id
 * @property {string} part
 * @property {Both} title
 * @property {Both} why
 * @property {number} minutes
 * @property {Both} button
 * @property {Both} next
 * @property {{text: Both, from_s: number, to_s: number}[]} [waits]
 * @property {Field[]} [fields]
 * @property {StepCall[]} [prepare]
 * @property {StepCall[]} [calls]
 * @property {{text: Both, lines: string, meaning: Both, elsewhere: {language: string, text: string}[]}} [edit]
 * @property {{interval_s?: string, timeout_s?: string, unhealthy?: string, healthy?: string}} [calculator]
 * @property {Observation[]} [observe]
 * @property {Mistake[]} [mistakes]
 *
 * @typedef {object} Course
 * @property {Both} title
 * @property {string} region
 * @property {{id: string, title: Both}[]} parts
 * @property {Record<string, StepCall>} lookups
 * @property {Step[]} steps
 *
 * @typedef {{number: number, begun_at: string | null, done_at: string | null, ticks: Record<string, string>,
 *   mistakes: Record<string, string>}} StepView
 * @typedef {Json & {steps: StepView[], speed: number, file: string | null}} LearnView
 *
 * @typedef {object} Outcome what came of one call
 * @property {StepCall} call
 * @property {'made' | 'expected' | 'gone' | 'there' | 'refused' | 'missing' | 'unreachable'} kind
 * @property {string} [code] AWS's own
 * @property {string} [message]
 * @property {string[]} [missing] saved names that are not there yet
 * @property {any} [result]
 */

export {};
