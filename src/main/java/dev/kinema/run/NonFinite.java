package dev.kinema.run;

/**
 * What ended a run: a number that is NaN or infinite.
 *
 * @param step the step after which it was found, from 0
 * @param what a metric, or a variable of the weights
 */
record NonFinite(long step, String what, double value) {
}
