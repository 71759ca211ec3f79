package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Holds a device against the reference: every case forward, and backward where it has a gradient, fused and not.
 *
 * <p>The error of an output y is |y - ref| / |ref| in the Euclidean norm, and its bound, with u the unit roundoff of the precision (2^-24, or
 * 2^-8 for bf16), is
 * <pre>SAFETY * condition + ROUNDINGS * u + SAFETY * sqrt(longest sum) * 2^-24</pre>
 * where condition is the error of the reference itself when all its floating inputs are off by up to u: no program that computes in this
 * precision can be expected to do better. The second term is the rounding of the output and of what lies between; the third is the
 * accumulation in float32, whose errors grow as the square root of the length of sums with independent rounding errors. An integer output
 * may differ by twice what it differs by between the reference and its disturbed runs, which is nothing unless there is a near tie.
 */
public final class DeviceConformance implements AutoCloseable {
    /** Between the typical and the worst: the condition is sampled, not maximised. */
    private static final double SAFETY = 3;
    /** The chains of the cases round less often than this, in root mean square (which is 0.4 u each). */
    private static final double ROUNDINGS = 2;
    private static final int SAMPLES = 8;
    private static final double FLOAT_ROUNDOFF = 0x1p-24;

    private final Device device;
    private final Device reference = Device.open("reference");
    private final Precision precision;
    private final double roundoff;

    private DeviceConformance(Device device, Precision precision) {
        this.device = device;
        this.precision = precision;
        this.roundoff = precision == Precision.BF16 ? 0x1p-8 : FLOAT_ROUNDOFF;
    }

    /** One test per case and pass, on the device of that name. */
    public static Stream<DynamicTest> tests(String device, Precision precision) {
        return tests(Device.open(device), precision);
    }

    /** The same on an open device, which is closed after the last test. */
    public static Stream<DynamicTest> tests(Device device, Precision precision) {
        return tests(device, precision, OpCases.all());
    }

    /** The same of some cases. */
    public static Stream<DynamicTest> tests(Device device, Precision precision, List<OpCase> cases) {
        DeviceConformance conformance = new DeviceConformance(device, precision);
        List<DynamicTest> tests = new ArrayList<>();
        for (OpCase c : cases) {
            tests.add(DynamicTest.dynamicTest(c.name(), () -> conformance.check(c::forward)));
            if (c.forward().differentiable()) {
                tests.add(DynamicTest.dynamicTest(c.name() + ", backward", () -> conformance.check(c::backward)));
            }
        }
        return tests.stream().onClose(conformance::close);
    }

    private void check(Supplier<CaseGraph> build) {
        assumeTrue(device.supports(precision), () -> "the device " + device.name() + " does not compute in " + precision + " on this machine");
        CaseGraph g = build.get();
        Map<String, HostArray> expected = CaseRun.run(reference, g, new Compilation(Precision.FP32, false), a -> a);
        // a sum of terms of random signs may cancel to anything; the terms themselves, and what is derived from it, are compared
        expected.keySet().removeIf(name -> name.startsWith("loss, run"));
        List<Map<String, HostArray>> disturbed = new ArrayList<>();
        for (int sample = 0; sample < SAMPLES; sample++) {
            Random random = new Random(sample);
            disturbed.add(CaseRun.run(reference, g, new Compilation(Precision.FP32, false), a -> disturb(a, random)));
        }
        boolean fusible = !operations(Fusion.apply(g.graph())).equals(operations(g.graph()));
        for (boolean fuse : fusible ? new boolean[] {true, false} : new boolean[] {true}) {
            Map<String, HostArray> actual = CaseRun.run(device, g, new Compilation(precision, fuse), a -> a);
            expected.forEach((name, array) -> compare(fuse ? name : name + ", not fused", array, actual.get(name),
                disturbed.stream().map(d -> d.get(name)).toList(), g.reductionLength()));
        }
    }

    private static List<Op> operations(Graph graph) {
        return Schedule.of(graph).nodes().stream().map(Node::op).toList();
    }

    private HostArray disturb(HostArray array, Random random) {
        HostArray disturbed = HostArray.allocate(DType.F64, array.shape());
        for (int i = 0; i < array.elements(); i++) {
            disturbed.set(i, array.get(i) * (1 + roundoff * (2 * random.nextDouble() - 1)));
        }
        return disturbed;
    }

    private void compare(String name, HostArray expected, HostArray actual, List<HostArray> disturbed, double reductionLength) {
        assertEquals(expected.shape(), actual.shape(), name);
        if (!expected.dtype().isFloating()) {
            compareIntegers(name, expected, actual, disturbed);
            return;
        }
        double condition = disturbed.stream().mapToDouble(d -> error(expected, d)).max().orElseThrow();
        double bound = SAFETY * condition + ROUNDINGS * roundoff + SAFETY * Math.sqrt(reductionLength) * FLOAT_ROUNDOFF;
        double error = error(expected, actual);
        if (!(error <= bound)) {
            fail(String.format("%s %s: error %.3g is above %.3g (condition %.3g); %s", name, expected.type(), error, bound, condition,
                first(expected, actual)));
        }
    }

    private static void compareIntegers(String name, HostArray expected, HostArray actual, List<HostArray> disturbed) {
        for (int i = 0; i < expected.elements(); i++) {
            int at = i;
            long tolerance = 2 * disturbed.stream().mapToLong(d -> Math.abs(d.getLong(at) - expected.getLong(at))).max().orElseThrow();
            if (Math.abs(expected.getLong(i) - actual.getLong(i)) > tolerance) {
                fail(name + " [" + i + "]: expected " + expected.getLong(i) + " +- " + tolerance + ", got " + actual.getLong(i));
            }
        }
    }

    /** |actual - expected| / |expected|; where nothing is expected, |actual|. NaN where any element is. */
    static double error(HostArray expected, HostArray actual) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.elements(); i++) {
            double d = actual.get(i) - expected.get(i);
            difference += d * d;
            size += expected.get(i) * expected.get(i);
        }
        return Math.sqrt(difference) / (size == 0 ? 1 : Math.sqrt(size));
    }

    /** The element that differs most, for the message. */
    private static String first(HostArray expected, HostArray actual) {
        int worst = 0;
        for (int i = 0; i < expected.elements(); i++) {
            double d = Math.abs(actual.get(i) - expected.get(i));
            if (!(d <= Math.abs(actual.get(worst) - expected.get(worst)))) {
                worst = i;
                if (Double.isNaN(d)) {
                    break;
                }
            }
        }
        return "[" + worst + "] is " + actual.get(worst) + ", expected " + expected.get(worst);
    }

    @Override
    public void close() {
        device.close();
        reference.close();
    }
}
