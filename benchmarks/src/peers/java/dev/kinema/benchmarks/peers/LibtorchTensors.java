package dev.kinema.benchmarks.peers;

import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.graph.Shape;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Our arrays as tensors of libtorch's, and back. */
final class LibtorchTensors {
    private LibtorchTensors() {}

    /** The type of all numbers in a precision. */
    static torch.ScalarType type(Precision precision) {
        return precision == Precision.BF16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float;
    }

    /** A shape that is the same there. */
    static long[] dims(Shape shape) {
        return Arrays.stream(shape.dims()).asLongStream().toArray();
    }

    /** A contiguous tensor of any rank but 0, for which it has an axis of 1. */
    static Tensor of(float[] values, long[] dims, torch.ScalarType type) {
        return Tensor.create(values, dims.length == 0 ? new long[] {1} : dims).to(type).contiguous().clone();
    }

    /** Of a mask uint8 [B, Sk], 1 at keys that must not be attended to, the truth values [B, 1, 1, Sk] that attention takes: who is. */
    static Tensor mask(HostArray mask) {
        Shape shape = mask.shape();
        return Tensor.create(mask.toLongs(), dims(shape)).to(torch.ScalarType.Bool).logical_not().view(shape.dim(0), 1, 1, shape.dim(1));
    }

    /** Row by row. */
    static float[] floats(Tensor tensor) {
        Tensor plain = tensor.to(torch.ScalarType.Float).contiguous();
        float[] values = new float[(int) plain.numel()];
        new FloatPointer(plain.data_ptr()).get(values);
        return values;
    }
}
