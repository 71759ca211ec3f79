package dev.kinema.bench;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import java.nio.DoubleBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * A graph, whose outputs and variables after one run are held against the reference device's.
 *
 * @param operations that are timed, by the names they have in programs; empty for whole runs
 * @param subject the graph in a size
 */
record GraphCase(String suite, String name, Set<String> operations, Function<Setting, Subject> subject) implements Case {
    private static final Compilation AS_WRITTEN = new Compilation(Precision.FP32, false);

    @Override
    public Workload open(Setting setting) {
        double error = check(setting.smaller());
        Subject drawn = subject.apply(setting);
        return ProgramWorkload.of(setting, weights -> drawn.compile(setting.device(), weights, setting.compilation()), operations, drawn,
            error);
    }

    /** In bf16 where the device's results there are others, or what computes them is at this size. */
    @Override
    public boolean computesIn(Setting setting) {
        if (setting.precision() != Precision.BF16) {
            return setting.precision() == Precision.FP32;
        }
        Setting exact = setting.of(setting.device(), Precision.FP32);
        return !numbers(setting.smaller()).equals(numbers(exact.smaller())) || !kernels(setting).equals(kernels(exact));
    }

    /** What one run results in, by name. */
    private Map<String, DoubleBuffer> numbers(Setting setting) {
        Map<String, DoubleBuffer> numbers = new LinkedHashMap<>();
        subject.apply(setting).results(setting.device(), setting.compilation())
            .forEach((name, array) -> numbers.put(name, DoubleBuffer.wrap(array.toDoubles())));
        return numbers;
    }

    /** The steps that compute the operations in question, with the bytes that each of them touches. */
    private List<String> kernels(Setting setting) {
        Subject drawn = subject.apply(setting);
        try (Weights weights = setting.device().newWeights();
                Program program = drawn.compile(setting.device(), weights, setting.compilation())) {
            return program.steps().stream().filter(step -> operations.isEmpty() || operations.contains(step.node().op().opName()))
                .map(step -> step.kernel() + " " + step.bytes()).toList();
        }
    }

    private double check(Setting setting) {
        Map<String, HostArray> actual = subject.apply(setting).results(setting.device(), setting.compilation());
        Map<String, HostArray> expected;
        try (Device reference = Device.open("reference")) {
            expected = subject.apply(setting).results(reference, AS_WRITTEN);
        }
        double worst = 0;
        Precision precision = setting.precision();
        for (Map.Entry<String, HostArray> e : expected.entrySet()) {
            double error = Distance.of(actual.get(e.getKey()), e.getValue());
            String what = fullName() + " in " + precision + ", " + e.getKey() + ",";
            worst = Math.max(worst, Distance.within(Case.bound(precision), error, what));
        }
        return worst;
    }
}
