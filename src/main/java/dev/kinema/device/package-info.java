/**
 * What runs graphs: a {@link dev.kinema.device.Device} compiles a graph into a {@link dev.kinema.device.Program} over shared
 * {@link dev.kinema.device.Weights}. Ordering, fusion and memory planning are common to all devices and live here.
 */
package dev.kinema.device;
