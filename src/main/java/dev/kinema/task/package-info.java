/**
 * Downstream tasks, a package each, and what they share: texts for the decoder to learn from ({@link dev.kinema.task.TextBatch}) and
 * texts that it writes ({@link dev.kinema.task.TextDecoding}).
 */
package dev.kinema.task;
