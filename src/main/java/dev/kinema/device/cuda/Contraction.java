package dev.kinema.device.cuda;

/**
 * What our kernels do and a library of the vendor's may do in their place: y, sums of products of a and b, of sizes that are known. Those
 * that are equal take as long.
 */
sealed interface Contraction permits Product, Convolution {
    long bytesOfY();

    long bytesOfA();

    /** As our kernel reads it; a library reads no more. */
    long bytesOfB();

    /** 0 where there is none. */
    long bytesOfBias();

    /** Of what is added to the sums, shaped as they are; 0 where there is none. */
    long bytesOfAdded();

    /** What our kernel needs in passing. */
    long workspaceBytes();

    /**
     * Has our own kernel do it, on addresses of the device.
     *
     * @param bias 0 where there is none, as is {@code added}
     * @return the status of the call
     */
    int run(long y, long a, long b, long bias, long added, long workspace, long stream);
}
