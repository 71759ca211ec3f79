package dev.kinema.device;

import dev.kinema.graph.Node;

/**
 * One thing that each run of a program does.
 *
 * @param node the node it belongs to, of the graph as it was fused
 * @param kernel what computes it: the device's own name, such as oneDNN's
 * @param reorder whether it only moves data between layouts or types
 * @param bytes of what it reads and writes, each once, in the form it is stored in; scratch memory stays out
 */
public record ProgramStep(Node node, String kernel, boolean reorder, long bytes) {}
