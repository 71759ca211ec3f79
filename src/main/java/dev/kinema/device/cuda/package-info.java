/**
 * NVIDIA devices, by our own kernels ({@code native/kernels}): graphs become steps over one planned block of device memory, each a call of the C
 * interface ({@code native/include/kinema.h}), which a CUDA graph replays. The binding is generated from the headers by the build.
 */
package dev.kinema.device.cuda;
