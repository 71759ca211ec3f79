/**
 * Benchmarks: suites of {@link dev.kinema.bench.Case cases}, each checked before it is timed, beside {@link dev.kinema.bench.Peer other
 * engines} where these are on the class path; results as tables and files, and what has moved from one result to another.
 */
package dev.kinema.bench;
