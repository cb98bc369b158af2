// SPDX-License-Identifier: BSD-2-Clause

import type { IncomingMessage, ServerResponse } from "node:http";
import type {
	BreakerConfig,
	BreakerEvent,
	BreakerSnapshot,
	BucketConfig,
	BucketQuota,
	BucketStats,
	CounterConfig,
	GuardStats,
	VerdictFields,
} from "./lib/constants";

export * from "./lib/constants";

/**
 * What goes to C as 64 bits: an integer from 0, Infinity for "no limit". A number is exact to 2^53,
 * which is 104 days in nanoseconds; beyond use a BigInt. What comes back as a number is rounded the same way.
 */
export type Integer = number | bigint;

/** Nanoseconds of a monotonic clock. Where it is left out C reads its own, which process.hrtime.bigint() reads too. */
export type Time = Integer | undefined;

/** Memory for objects. A SharedArrayBuffer can be posted to other threads, a MappedFile be mapped by other processes. */
export type Memory = SharedArrayBuffer | MappedFile;

/** The bytes of a file, mapped for as long as this or an object in them is held. No process may shorten the file. */
export interface MappedFile {
	readonly [mapped]: true;
	readonly byteLength: number;
}
declare const mapped: unique symbol;

/** Maps a file, made with so many bytes if need be; without bytes all of a file that is there. Needs the addon. */
export function mapFile(path: string, bytes?: Integer): MappedFile;

/** Settings as they are read back. */
export type Numbers<Config> = { readonly [field in keyof Required<Config>]: number };

export interface Options {
	/** The clock's beginning. */
	nowNs?: Time;
}

export interface PlaceOptions extends Options {
	/** Where the object is made, instead of in memory of its own. Nobody else may have it yet. */
	memory?: Memory | undefined;
	/** From which byte on; the object begins at the next multiple of 128 of the address. */
	offset?: number | undefined;
}

export class Bucket {
	constructor(settings: BucketConfig, options?: PlaceOptions);
	/** The bucket that another thread or process has made there. */
	static attach(memory: Memory, offset?: number): Bucket;
	/** How many bytes to have for a bucket wherever they begin. */
	static bytes(settings: BucketConfig): number;
	/** Where it lies; post it to a worker, which attaches. */
	readonly memory: Memory;
	/** Takes n tokens if they are there. */
	tryAcquire(n?: Integer, nowNs?: Time): boolean;
	/** Takes n tokens, or throws RateLimited or NeverPasses. */
	acquire(n?: Integer, nowNs?: Time): void;
	/** As tryAcquire, by the credit that refill has published last: reads no clock. */
	tryAcquirePublished(n?: Integer): boolean;
	/** Takes as many tokens as there are, at most n, and says how many; of n's type. */
	acquireUpto(n: number, nowNs?: Time): number;
	acquireUpto(n: bigint, nowNs?: Time): bigint;
	/** Takes n tokens now or, down to maxDebt, from the future: how long to wait, null where that is refused. */
	tryReserve(n?: Integer, maxWaitNs?: Integer, nowNs?: Time): number | null;
	/** As tryReserve, or throws RateLimited or NeverPasses. */
	reserve(n?: Integer, maxWaitNs?: Integer, nowNs?: Time): number;
	/**
	 * Takes n tokens when they are there; rejects with RateLimited where that would take longer than
	 * maxWaitNs, with NeverPasses, or with the signal's reason, having taken nothing. With maxDebt waiters are
	 * served in the order they came in, else whoever asks first when tokens are there.
	 */
	wait(n?: Integer, options?: { signal?: AbortSignal | undefined; maxWaitNs?: Integer }): Promise<void>;
	/** Gives back tokens taken and not used, or a reservation. */
	refund(n?: Integer): void;
	/** Takes tokens for work already done, going into debt if need be. */
	charge(n: Integer, nowNs?: Time): void;
	/** The timer hook: publishes the credit earned by now. */
	refill(nowNs?: Time): void;
	/** How long until refill is next worth calling. */
	nextRefillNs(nowNs?: Time): number;
	/** How long until n tokens would pass if nobody else asked; Infinity: never. */
	waitNs(n?: Integer, nowNs?: Time): number;
	/** Whole tokens that are there. */
	available(nowNs?: Time): number;
	quota(nowNs?: Time): BucketQuota;
	/** Changes the settings named; mode: BUCKET_KEEP, BUCKET_SCALE, BUCKET_RESET. */
	reconfigure(settings: Partial<BucketConfig>, mode?: number, nowNs?: Time): void;
	config(): Numbers<BucketConfig>;
	stats(): BucketStats;
}

/** What an admitted call is reported with, once. Each says whether it had an effect. */
export interface Reportable {
	/** SUCCESS, FAILURE or IGNORED. */
	record(outcome: number, nowNs?: Time): boolean;
	success(nowNs?: Time): boolean;
	failure(nowNs?: Time): boolean;
	ignored(nowNs?: Time): boolean;
	/** The call was never made. */
	cancel(nowNs?: Time): boolean;
	/** The permit as C has it, all 64 bits. */
	readonly bits: bigint;
}

export interface Permit extends Reportable {
	readonly generation: number;
	/** Whether it was given while half-open. */
	readonly probe: boolean;
}

export interface RunOptions<T> {
	/**
	 * Aborted before: nothing is acquired. Aborted while the call runs: the promise rejects at once with the
	 * signal's reason and the outcome is IGNORED, or FAILURE where the reason is a TimeoutError.
	 */
	signal?: AbortSignal | undefined;
	/** The outcome, of an error or of a value; undefined: as without it. */
	classify?: ((error: unknown, value?: T) => number | undefined) | undefined;
}

export class Breaker {
	constructor(settings?: BreakerConfig, options?: PlaceOptions);
	static attach(memory: Memory, offset?: number): Breaker;
	static bytes(settings?: BreakerConfig): number;
	readonly memory: Memory;
	/** Whether a call may be made: null where not. */
	tryAcquire(nowNs?: Time): Permit | null;
	/** As tryAcquire, or throws BreakerOpen. */
	acquire(nowNs?: Time): Permit;
	/** A permit of this breaker from its bits, for a thread or process other than that which acquired it. */
	permit(bits: bigint): Permit;
	/** Makes the call and reports it: a value is a success, an error a failure. Rejects with BreakerOpen unless admitted. */
	run<T>(call: (signal?: AbortSignal) => T | PromiseLike<T>, options?: RunOptions<T>): Promise<T>;
	/** CLOSED, OPEN or HALF_OPEN, as the last call left it. */
	readonly state: number;
	/** AUTO, FORCED_OPEN, FORCED_CLOSED or DISABLED. */
	readonly mode: number;
	/** How long until a call passes at the latest. */
	retryAfterNs(nowNs?: Time): number;
	/** The timer hook: does what time alone makes due; how long until it should be called again. */
	tick(nowNs?: Time): number;
	force(mode: number, nowNs?: Time): void;
	reset(nowNs?: Time): void;
	snapshot(nowNs?: Time): BreakerSnapshot;
	/** The transitions after generation `since`, oldest first; the last 16 are kept. */
	events(since?: Integer): BreakerEvent[];
	/** Changes the settings named; those of the window stay. */
	reconfigure(settings: BreakerConfig, nowNs?: Time): void;
	config(): Numbers<BreakerConfig>;
}

export interface GuardConfig {
	breaker?: Breaker | undefined;
	/** Up to four, the one first that refuses most. */
	buckets?: Bucket[];
	/** GUARD_SHADOW, GUARD_LEAN. */
	flags?: number;
	lanes?: number;
}

export interface Verdict extends VerdictFields, Reportable {
	readonly admitted: boolean;
}

export class Guard {
	constructor(settings: GuardConfig, options?: Options);
	readonly breaker: Breaker | undefined;
	readonly buckets: Bucket[];
	/** Asks all parts; what is admitted must be reported. */
	tryAcquire(cost?: Integer, nowNs?: Time): Verdict;
	/** As tryAcquire, or throws RateLimited, NeverPasses or BreakerOpen. */
	acquire(cost?: Integer, nowNs?: Time): Verdict;
	/** As a breaker's, and the buckets are asked for the cost. */
	run<T>(call: (signal?: AbortSignal) => T | PromiseLike<T>, options?: RunOptions<T> & { cost?: Integer }): Promise<T>;
	tick(nowNs?: Time): number;
	stats(): GuardStats;
}

/** Up to eight 64-bit counts. */
export class Counter {
	constructor(settings?: CounterConfig, options?: PlaceOptions);
	static attach(memory: Memory, offset?: number): Counter;
	static bytes(settings?: CounterConfig): number;
	readonly memory: Memory;
	add(index: number, n?: Integer): void;
	read(index: number): bigint;
}

export interface LimitOptions<Req, Res> {
	/** 1 by default. */
	cost?: Integer | ((req: Req) => Integer);
	/** The outcome of an answer sent in full; by default FAILURE from status 500 on. */
	classify?: (req: Req, res: Res) => number;
	/** The outcome where the client left before that; IGNORED by default. */
	abandoned?: number;
	/** Names of the buckets in the RateLimit fields, in the guard's order. */
	names?: string[];
	/** Sends the answer of a refused request, whose status and fields are set. */
	refused?: (req: Req, res: Res, verdict: Verdict) => unknown;
}

/**
 * A function for node:http, Express and the like: it passes a request on to next, or answers 429 with
 * Retry-After and RateLimit fields, 503 while the breaker is open; and reports how the answer went. It returns what next returns.
 */
export function limit<Req extends IncomingMessage = IncomingMessage, Res extends ServerResponse = ServerResponse>(
	guard: Guard | ((req: Req) => Guard),
	options?: LimitOptions<Req, Res>,
): (req: Req, res: Res, next: () => unknown) => any;

/** CLOCK_MONOTONIC, all 64 bits. */
export function nowNs(): bigint;
/** "addon", or "koffi" where that is not built. */
export const backend: "addon" | "koffi";
export function statusName(status: number): string;
export function statusText(status: number): string;
export function stateName(state: number): string;
export function modeName(mode: number): string;
export function causeName(cause: number): string;
