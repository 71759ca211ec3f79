/** JMH benchmarks of Kinema: each checks its result before it is timed. */
package dev.kinema.benchmarks;
