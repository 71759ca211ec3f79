/**
 * Layers: records of sizes and settings that append their nodes to a graph and hold nothing else. Each is applied in a
 * {@link dev.kinema.nn.Pass}, which knows the graph, the mode and the place that names the layer's variables; names are PyTorch's.
 */
package dev.kinema.nn;
