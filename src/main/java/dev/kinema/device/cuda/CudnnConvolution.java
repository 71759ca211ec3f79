package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudnn;

/**
 * A convolution by cuDNN, with our own kernels for what it leaves to do: what follows the sums is a batch norm of mean 0 and variance 1, in
 * place, which adds and ends with ReLU; the gradient of the weights comes as [o, kt, kh, kw, i] in the type of the maps.
 */
final class CudnnConvolution implements VendorLibrary.Way {
    /** What workspaces, and what else we put behind them, are aligned to, bytes. */
    private static final long ALIGNMENT = 256;

    private final Cudnn library;
    private final CudnnDescription description;
    private final Convolution convolution;
    private final int algorithm;
    private final long passingBytes;
    /** Of the gradient of the weights as it comes, rounded up; 0 in the other directions. */
    private final long gradientBytes;
    private final Place y = new Place();
    private final Place a = new Place();
    private final Place b = new Place();
    private final Place workspace = new Place();
    private final Place stream = new Place();

    /** @param description owned from now on */
    CudnnConvolution(Cudnn library, CudnnDescription description, Convolution convolution, int algorithm, long passingBytes) {
        this.library = library;
        this.description = description;
        this.convolution = convolution;
        this.algorithm = algorithm;
        this.passingBytes = passingBytes;
        boolean weights = convolution.direction() == Convolution.Direction.WEIGHT_GRADIENT;
        gradientBytes = weights ? rounded(convolution.weight().elements() * convolution.dtype().bytes()) : 0;
    }

    private static long rounded(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    @Override
    public String name() {
        return Cudnn.NAME;
    }

    /** With maps in BF16 the gradient of the weights is put in order before it is converted. */
    @Override
    public long workspaceBytes() {
        long bytes = rounded(passingBytes) + (convolution.dtype() == DType.F32 ? 1 : 2) * gradientBytes;
        return bytes == 0 ? 0 : bytes + ALIGNMENT;
    }

    @Override
    public void launch(long yAt, long aAt, long bAt, long biasAt, long addedAt, long workspaceAt, long streamHandle) {
        long passing = rounded(workspaceAt);
        long gradient = passing + rounded(passingBytes);
        convolve(gradientBytes == 0 ? yAt : gradient, aAt, bAt, passing, streamHandle);
        if (gradientBytes > 0) {
            order(yAt, gradient, streamHandle);
        } else if (convolution.biased() || convolution.residual() || convolution.relu()) {
            CudaLibrary.check(Kinema.kn_batchnorm_inference(yAt, yAt, library.ones(), convolution.biased() ? biasAt : library.zeros(),
                library.zeros(), library.ones(), addedAt, convolution.output().rows(), convolution.weight().dim(0), 0,
                convolution.relu() ? 1 : 0, convolution.code(), streamHandle));
        }
    }

    /** The handle, which has one stream, and the places here are for one thread at a time, and are read before the call returns. */
    private void convolve(long result, long aAt, long bAt, long passing, long streamHandle) {
        synchronized (library) {
            Cudnn.check("cudnnSetStream", cudnn.cudnnSetStream(library.handle(), new CUstream_st(stream.at(streamHandle))));
            description.launch(algorithm, y.at(result), a.at(aAt), b.at(bAt), passingBytes == 0 ? null : workspace.at(passing),
                passingBytes);
        }
    }

    /** The gradient [o, taps, i] as [o, i, taps] in F32. */
    private void order(long dw, long gradient, long streamHandle) {
        boolean plain = convolution.dtype() == DType.F32;
        long ordered = plain ? dw : gradient + gradientBytes;
        long i = convolution.weight().dim(1);
        long taps = convolution.taps();
        CudaLibrary.check(Kinema.kn_indexing_strided(ordered, gradient, 1, 1, 1, convolution.weight().dim(0), i, taps, 0, 0, 0, i * taps, 1,
            i, convolution.code(), streamHandle));
        if (!plain) {
            CudaLibrary.check(Kinema.kn_elementwise_convert(dw, ordered, convolution.weight().elements(), Kinema.KN_F32,
                convolution.code(), streamHandle));
        }
    }

    void close() {
        description.close();
    }
}
