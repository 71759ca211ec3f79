/**
 * The oracle: interprets any graph in float64 plain Java. What an operation means is what its kernel here computes; other devices are
 * compared with it.
 */
package dev.kinema.device.reference;
