package dev.kinema.bench;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import java.util.LinkedHashMap;
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

    private double check(Setting setting) {
        Map<String, HostArray> actual = results(setting.device(), setting.compilation(), subject.apply(setting));
        Map<String, HostArray> expected;
        try (Device reference = Device.open("reference")) {
            expected = results(reference, AS_WRITTEN, subject.apply(setting));
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

    /** Outputs, and the variables of floats, after one run. */
    private static Map<String, HostArray> results(Device device, Compilation how, Subject drawn) {
        Map<String, HostArray> results = new LinkedHashMap<>();
        try (Weights weights = device.newWeights(); Program program = drawn.compile(device, weights, how)) {
            program.run();
            for (String name : drawn.graph().outputs().keySet()) {
                results.put("output " + name, program.output(name).copy());
            }
            weights.names().stream().filter(name -> weights.type(name).dtype().isFloating())
                .forEach(name -> results.put("variable " + name, weights.get(name)));
        }
        return results;
    }
}
