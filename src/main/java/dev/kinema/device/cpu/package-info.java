/**
 * The default device: graphs lowered to oneDNN primitives, and plain Java over off-heap memory for what oneDNN lacks.
 *
 * <p>{@link dev.kinema.device.cpu.CpuDevice} opens it, {@code Lowering} turns nodes into steps, the files named after families of operations
 * hold one rule per operation, {@code CpuProgram} runs the steps.
 */
package dev.kinema.device.cpu;
