package dev.kinema.device.reference;

import dev.kinema.graph.Philox;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.GeluGradient;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Select;
import dev.kinema.graph.op.Sigmoid;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/** Operations on each element by itself. */
final class Elementwise {
    private Elementwise() {}

    static void register(Kernels kernels) {
        kernels.add(Fill.class, (op, call) -> Arrays.fill(call.out(0), op.value()));
        kernels.add(Add.class, (op, call) -> zip(call, Double::sum));
        kernels.add(Mul.class, (op, call) -> zip(call, (a, b) -> a * b));
        kernels.add(Scale.class, (op, call) -> map(call, x -> x * op.factor() + op.offset()));
        kernels.add(Relu.class, (op, call) -> map(call, x -> Math.max(x, 0)));
        kernels.add(ReluGradient.class, (op, call) -> zip(call, (dy, y) -> y > 0 ? dy : 0));
        kernels.add(Gelu.class, (op, call) -> map(call, op.form() == Gelu.Form.ERF ? Gaussian::gelu : Gaussian::tanhGelu));
        kernels.add(GeluGradient.class, (op, call) -> zip(call, op.form() == Gelu.Form.ERF
            ? (dy, x) -> dy * Gaussian.geluSlope(x) : (dy, x) -> dy * Gaussian.tanhGeluSlope(x)));
        kernels.add(Sigmoid.class, (op, call) -> map(call, x -> 1 / (1 + Math.exp(-x))));
        kernels.add(Select.class, Elementwise::select);
        kernels.add(Dropout.class, Elementwise::dropout);
        kernels.add(NormalizeFrames.class, Elementwise::normalizeFrames);
    }

    private static void map(Call call, DoubleUnaryOperator f) {
        double[] x = call.in(0);
        double[] y = call.out(0);
        for (int i = 0; i < y.length; i++) {
            y[i] = f.applyAsDouble(x[i]);
        }
    }

    /** The second operand has the shape of the last axes of the first, so its elements repeat. */
    private static void zip(Call call, DoubleBinaryOperator f) {
        double[] a = call.in(0);
        double[] b = call.in(1);
        double[] y = call.out(0);
        for (int i = 0; i < y.length; i++) {
            y[i] = f.applyAsDouble(a[i], b[i % b.length]);
        }
    }

    private static void select(Select op, Call call) {
        long[] mask = call.integers(0);
        double[] a = call.in(1);
        double[] b = call.in(2);
        double[] y = call.out(0);
        for (int i = 0; i < y.length; i++) {
            y[i] = mask[i / (y.length / mask.length)] != 0 ? a[i] : b[i % b.length];
        }
    }

    private static void dropout(Dropout op, Call call) {
        double[] x = call.in(0);
        double[] y = call.out(0);
        long[] random = call.integers(1);
        Philox philox = new Philox(random[0], random[1], op.salt());
        for (int i = 0; i < y.length; i++) {
            y[i] = philox.uniform(i) >= op.p() ? x[i] / (1 - op.p()) : 0;
        }
    }

    private static void normalizeFrames(NormalizeFrames op, Call call) {
        long[] frames = call.integers(0);
        double[] y = call.out(0);
        int channels = call.shape(0).last();
        for (int i = 0; i < y.length; i++) {
            y[i] = op.level((int) frames[i], i % channels);
        }
    }
}
