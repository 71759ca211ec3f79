package dev.kinema.device.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_CROSS_CORRELATION;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BFLOAT16;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_FMA_MATH;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_NHWC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_OP_MATH;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Extent;
import java.util.List;
import java.util.function.IntSupplier;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * A convolution as cuDNN has it described, and what is asked of it in the direction of that. One thread at a time uses the handle. The
 * functions are those that cuDNN has had from its first versions: deprecated in favour of its graphs, and in every cuDNN 9.
 */
@SuppressWarnings("deprecation")
final class CudnnDescription {
    private final cudnnContext handle;
    private final Convolution.Direction direction;
    private final cudnnTensorStruct x = new cudnnTensorStruct();
    private final cudnnTensorStruct y = new cudnnTensorStruct();
    private final cudnnFilterStruct weight = new cudnnFilterStruct();
    private final cudnnConvolutionStruct how = new cudnnConvolutionStruct();
    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer zero = new FloatPointer(0f);

    /**
     * An algorithm that the library proposes.
     *
     * @param status of what it would do here, and {@code determinism}: as cudnn.h numbers them
     */
    record Proposal(int algorithm, int status, int determinism) {}

    /** Of nothing yet: {@link #describe} is to follow. */
    CudnnDescription(cudnnContext handle, Convolution.Direction direction) {
        this.handle = handle;
        this.direction = direction;
        boolean complete = false;
        try {
            Cudnn.check("cudnnCreateTensorDescriptor", cudnn.cudnnCreateTensorDescriptor(x));
            Cudnn.check("cudnnCreateTensorDescriptor", cudnn.cudnnCreateTensorDescriptor(y));
            Cudnn.check("cudnnCreateFilterDescriptor", cudnn.cudnnCreateFilterDescriptor(weight));
            Cudnn.check("cudnnCreateConvolutionDescriptor", cudnn.cudnnCreateConvolutionDescriptor(how));
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /** Tells the library the sizes; the status of the first call that it does not take. */
    int describe(Convolution c) {
        int type = c.dtype() == DType.BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
        return untilFailure(() -> describe(x, c.x(), type), () -> describe(y, c.output(), type),
            // sizes are told in the order [o, i, t, h, w] for whatever order they are stored in
            () -> cudnn.cudnnSetFilterNdDescriptor(weight, type, CUDNN_TENSOR_NHWC, 5, c.weight().dims()),
            () -> cudnn.cudnnSetConvolutionNdDescriptor(how, 3, sizes(c.padding()), sizes(c.stride()), sizes(Extent.ONE),
                CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
            () -> cudnn.cudnnSetConvolutionMathType(how, c.dtype() == DType.BF16 ? CUDNN_TENSOR_OP_MATH : CUDNN_FMA_MATH));
    }

    /** Makes calls until one fails; the status of the last that was made. */
    private static int untilFailure(IntSupplier... calls) {
        int status = CUDNN_STATUS_SUCCESS;
        for (int i = 0; i < calls.length && status == CUDNN_STATUS_SUCCESS; i++) {
            status = calls[i].getAsInt();
        }
        return status;
    }

    /** A map [n, t, h, w, c], whose sizes and strides are told in the order [n, c, t, h, w]. */
    private static int describe(cudnnTensorStruct tensor, Shape map, int type) {
        int[] sizes = {map.dim(0), map.dim(4), map.dim(1), map.dim(2), map.dim(3)};
        int[] strides = {(int) map.product(1, 5), 1, (int) map.product(2, 5), (int) map.product(3, 5), map.dim(4)};
        return cudnn.cudnnSetTensorNdDescriptor(tensor, type, 5, sizes, strides);
    }

    private static int[] sizes(Extent extent) {
        return new int[] {extent.t(), extent.h(), extent.w()};
    }

    /** Asks for algorithms, best first; the status of the call. */
    int propose(List<Proposal> proposals) {
        try (IntPointer found = new IntPointer(1)) {
            found.put(0);
            return switch (direction) {
                case FORWARD -> forward(found, proposals);
                case INPUT_GRADIENT -> inputGradient(found, proposals);
                case WEIGHT_GRADIENT -> weightGradient(found, proposals);
            };
        }
    }

    private int forward(IntPointer found, List<Proposal> proposals) {
        int wanted = CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
        try (cudnnConvolutionFwdAlgoPerf_t all = new cudnnConvolutionFwdAlgoPerf_t(wanted)) {
            int status = cudnn.cudnnGetConvolutionForwardAlgorithm_v7(handle, x, weight, how, y, wanted, found, all);
            for (int i = 0; i < found.get(); i++) {
                all.position(i);
                proposals.add(new Proposal(all.algo(), all.status(), all.determinism()));
            }
            all.position(0);
            return status;
        }
    }

    private int inputGradient(IntPointer found, List<Proposal> proposals) {
        int wanted = CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
        try (cudnnConvolutionBwdDataAlgoPerf_t all = new cudnnConvolutionBwdDataAlgoPerf_t(wanted)) {
            int status = cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, weight, y, how, x, wanted, found, all);
            for (int i = 0; i < found.get(); i++) {
                all.position(i);
                proposals.add(new Proposal(all.algo(), all.status(), all.determinism()));
            }
            all.position(0);
            return status;
        }
    }

    private int weightGradient(IntPointer found, List<Proposal> proposals) {
        int wanted = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
        try (cudnnConvolutionBwdFilterAlgoPerf_t all = new cudnnConvolutionBwdFilterAlgoPerf_t(wanted)) {
            int status = cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, x, y, how, weight, wanted, found, all);
            for (int i = 0; i < found.get(); i++) {
                all.position(i);
                proposals.add(new Proposal(all.algo(), all.status(), all.determinism()));
            }
            all.position(0);
            return status;
        }
    }

    /** What an algorithm needs in passing; -1 where the library does not know. */
    long workspaceBytes(int algorithm) {
        try (SizeTPointer bytes = new SizeTPointer(1)) {
            int status = switch (direction) {
                case FORWARD -> cudnn.cudnnGetConvolutionForwardWorkspaceSize(handle, x, weight, how, y, algorithm, bytes);
                case INPUT_GRADIENT -> cudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(handle, weight, y, how, x, algorithm, bytes);
                case WEIGHT_GRADIENT -> cudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x, y, how, weight, algorithm, bytes);
            };
            return status == CUDNN_STATUS_SUCCESS ? bytes.get() : -1;
        }
    }

    /**
     * Puts it on the stream of the handle.
     *
     * @param result y, dx or dw, and the operands: x and weights, dy and weights, or x and dy
     * @param workspace null where it needs none
     */
    void launch(int algorithm, Pointer result, Pointer a, Pointer b, Pointer workspace, long workspaceBytes) {
        switch (direction) {
            case FORWARD -> Cudnn.check("cudnnConvolutionForward", cudnn.cudnnConvolutionForward(handle, one, x, a, weight, b, how,
                algorithm, workspace, workspaceBytes, zero, y, result));
            case INPUT_GRADIENT -> Cudnn.check("cudnnConvolutionBackwardData", cudnn.cudnnConvolutionBackwardData(handle, one, weight, b, y,
                a, how, algorithm, workspace, workspaceBytes, zero, x, result));
            case WEIGHT_GRADIENT -> Cudnn.check("cudnnConvolutionBackwardFilter", cudnn.cudnnConvolutionBackwardFilter(handle, one, x, a, y,
                b, how, algorithm, workspace, workspaceBytes, zero, weight, result));
        }
    }

    /** Ends what was made, which after a failure is not all. */
    void close() {
        for (cudnnTensorStruct map : List.of(x, y)) {
            if (!map.isNull()) {
                cudnn.cudnnDestroyTensorDescriptor(map);
            }
        }
        if (!weight.isNull()) {
            cudnn.cudnnDestroyFilterDescriptor(weight);
        }
        if (!how.isNull()) {
            cudnn.cudnnDestroyConvolutionDescriptor(how);
        }
        one.close();
        zero.close();
    }
}
