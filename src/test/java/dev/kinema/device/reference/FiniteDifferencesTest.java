package dev.kinema.device.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.CaseGraph;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.OpCase;
import dev.kinema.device.OpCases;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Input;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Gradient rules against central differences of the loss sum(y * G), in float64. */
class FiniteDifferencesTest {
    /** Truncation is of the order of STEP^2 = 1e-10 relative, rounding 1e-16 |loss| / STEP = 1e-11 |loss|. */
    private static final double STEP = 1e-5;
    /** Of the largest entry of the gradient; leaves room for large third derivatives. */
    private static final double RELATIVE = 1e-6;
    /** Rounding, where the gradient is tiny beside the loss. */
    private static final double OF_LOSS = 1e-9;
    private static final int SAMPLES = 8;
    private static final Compilation UNFUSED = new Compilation(Precision.FP32, false);

    @TestFactory
    Stream<DynamicTest> gradientsAreDerivatives() {
        Device device = new ReferenceDevice(1);
        return OpCases.all().stream().filter(c -> c.forward().differentiable() && c.forward().smooth())
            .map(c -> DynamicTest.dynamicTest(c.name(), () -> check(device, c))).onClose(device::close);
    }

    private static void check(Device device, OpCase c) {
        CaseGraph backward = c.backward();
        CaseGraph forward = c.withLoss();
        try (Weights weights = device.newWeights(); Program gradients = program(device, weights, backward);
            Program loss = device.compile(forward.graph(), weights, UNFUSED)) {
            forward.inputs().forEach((name, array) -> loss.input(name).put(array));
            gradients.run();
            for (Value v : backward.differentiated()) {
                compare(CaseGraph.name(v), v.node().op() instanceof Input, gradients.output("d " + CaseGraph.name(v)), loss, weights);
            }
        }
    }

    private static Program program(Device device, Weights weights, CaseGraph g) {
        g.variables().forEach(weights::put);
        Program program = device.compile(g.graph(), weights, UNFUSED);
        g.inputs().forEach((name, array) -> program.input(name).put(array));
        return program;
    }

    private static void compare(String name, boolean input, HostArray gradient, Program loss, Weights weights) {
        double largest = 0;
        for (double g : gradient.toDoubles()) {
            largest = Math.max(largest, Math.abs(g));
        }
        Random random = new Random(1);
        for (int sample = 0; sample < Math.min(SAMPLES, gradient.elements()); sample++) {
            int at = gradient.elements() <= SAMPLES ? sample : random.nextInt(gradient.elements());
            HostArray point = HostArray.allocate(DType.F64, gradient.shape());
            point.put(input ? loss.input(name) : weights.get(name));
            double up = lossAt(name, input, moved(point, at, STEP), loss, weights);
            double down = lossAt(name, input, moved(point, at, -STEP), loss, weights);
            lossAt(name, input, point, loss, weights);
            double difference = (up - down) / (2 * STEP);
            double tolerance = RELATIVE * largest + OF_LOSS * Math.abs(up);
            assertTrue(Math.abs(difference - gradient.get(at)) <= tolerance,
                () -> name + "[" + at + "]: gradient " + gradient.get(at) + ", difference " + difference + ", tolerance " + tolerance);
        }
    }

    private static double lossAt(String name, boolean input, HostArray point, Program loss, Weights weights) {
        if (input) {
            loss.input(name).put(point);
        } else {
            weights.put(name, point);
        }
        loss.run();
        return loss.output("loss").get(0);
    }

    private static HostArray moved(HostArray point, int at, double by) {
        HostArray moved = HostArray.allocate(DType.F64, point.shape());
        moved.put(point);
        moved.set(at, point.get(at) + by);
        return moved;
    }
}
