// Shapes that several modules share. Types only: nothing here runs.

/**
 * @typedef {Record<string, any>} Json An object of the control port's JSON; docs/json-api.md has its members.
 * @typedef {{en: string, ko: string}} Both One text in both languages.
 * @typedef {() => void} Off Takes back what was set up.
 * @typedef {(root: HTMLElement, params: string[]) => (Off | Promise<Off>)} Mount Builds a page; what it returns ends it.
 */

/**
 * What the map draws (live/map.js). Ids: a listener is `${load balancer}|${port}`, a group its name, a target
 * `${group}|${target name}`.
 *
 * @typedef {{loadBalancers: LoadBalancerScene[], groups: GroupScene[]}} Scene
 * @typedef {{id: string, name: string, note?: string, rate?: number, listeners: ListenerScene[]}} LoadBalancerScene
 *   `rate`: requests a second from clients.
 * @typedef {{id: string, protocol: string, port: number, gate: 'open' | 'closed' | 'restricted', note?: string,
 *   isSecure: boolean, waiting?: number, rules: RuleScene[]}} ListenerScene `waiting`: clients that nobody lets in.
 * @typedef {{priority: number | string, text: string, groups: string[]}} RuleScene The default rule is `default` or 0.
 * @typedef {{id: string, name: string, algorithm: string, check: string, mode: string, hidden?: number,
 *   targets: TargetScene[]}} GroupScene `mode`: healthy, fail_open, initial, no_targets, unused. `check` in words.
 * @typedef {{id: string, name: string, zone?: string | null, state: string, reason: string | null, lastCheck: string,
 *   nextCheckInS: number | null, nextCheckHereS?: number | null, rate: number, p95S: number | null, inFlight: number, failing: string | null,
 *   faults: string[]}} TargetScene `lastCheck` in words; `failing` is `1/2` while checks fail that have not changed the
 *   state yet; times are the load balancer's,
 *   `nextCheckHereS` is what that comes to here where time runs at another speed.
 * @typedef {{atMs: number, listener: string, rule: number | string | null, group: string | null, target: string | null,
 *   elb: number, targetStatus: number, count: number, number?: number | null, label?: string, isHeld?: boolean}} Item
 *   A request, or `count` of them, that is to be seen at `atMs` (of performance.now()). `elb` 0: no answer at all.
 *   `isHeld`: it waits before a closed gate. `label` stands beside a failure, by itself the code.
 * @typedef {{onTarget?: (id: string, element: HTMLElement) => void, onGroup?: (id: string, element: HTMLElement) => void,
 *   onListener?: (id: string, element: HTMLElement) => void}} MapOptions
 * @typedef {{setScene: (scene: Scene) => void, send: (item: Item) => void, setTimeScale: (scale: number) => void,
 *   pause: () => void, resume: () => void, choose: (targetId: string | null) => void, targets: () => string[],
 *   elementOf: (targetId: string) => HTMLElement | null, close: Off}} MapHandle `targets` in the order of their digits.
 *
 * The chart (live/chart.js). Outcomes are `target 2xx`, `elb 5xx` and so on, as pulses name them, per second.
 * @typedef {{atS: number, outcomes: Record<string, number>, p50S: number | null, p95S: number | null}} ChartPoint The second
 *   that ended at `atS`; of any count of seconds, as long as all have the same.
 * @typedef {{nowS: number, points: ChartPoint[]}} ChartSeries
 * @typedef {{atS: number, kind: 'fault' | 'state' | 'config', text: string}} ChartMark
 * @typedef {{windowS?: number, timeOf?: (agoS: number, nowS: number) => string}} ChartOptions How much is shown, and how
 *   its times are called.
 * @typedef {{setSeries: (series: ChartSeries) => void, mark: (mark: ChartMark) => void, clear: Off, close: Off}} ChartHandle
 */

export {};
