/** Other engines for {@code kinema bench}: libtorch, ONNX Runtime, DJL, each on the graphs that Kinema is timed on. */
package dev.kinema.benchmarks.peers;
