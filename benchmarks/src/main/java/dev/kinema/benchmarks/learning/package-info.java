/** Whether pretraining learns: the demo's training over several seeds, on films whose events are known. */
package dev.kinema.benchmarks.learning;
