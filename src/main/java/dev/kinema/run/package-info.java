/**
 * What makes a training run trustworthy: its folder, checkpoints from which it goes on with the same bits, a log line and a TensorBoard
 * event for each step, the loop that sees to them, and what it does when a number is no longer finite. It knows nothing of films and
 * objectives: {@link dev.kinema.run.Training} is what it runs.
 */
package dev.kinema.run;
