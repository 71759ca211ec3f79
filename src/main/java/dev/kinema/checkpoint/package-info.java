/**
 * Weights on disk: safetensors and npy files, and the import of PyTorch, PyTorchVideo and Caffe2 checkpoints.
 *
 * <p>Files come from strangers. Every length is compared with the size of the file before anything is allocated for it,
 * pickles are interpreted without ever running what they name, and whatever is wrong ends in one
 * {@link dev.kinema.KinemaException} that names the file. What is written appears whole or not at all
 * ({@link dev.kinema.checkpoint.AtomicFile}).
 */
package dev.kinema.checkpoint;
