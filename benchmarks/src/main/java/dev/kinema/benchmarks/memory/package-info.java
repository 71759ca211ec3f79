/** What this process holds, and what a training step holds beside another engine's. */
package dev.kinema.benchmarks.memory;
