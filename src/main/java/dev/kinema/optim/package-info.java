/**
 * Training as graph updates: an {@link dev.kinema.optim.Optimizer} appends derivatives and the updates of parameters and buffers,
 * {@link dev.kinema.optim.MovingAverage} those of a momentum encoder. Learning rates are pure functions of the epoch.
 */
package dev.kinema.optim;
