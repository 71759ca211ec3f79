/** Kinema beside other engines, in one process: the same weights, the same clip, rounds interleaved, outputs compared. */
package dev.kinema.benchmarks.peers;
