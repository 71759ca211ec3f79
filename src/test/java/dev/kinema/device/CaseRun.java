package dev.kinema.device;

import dev.kinema.graph.DType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Runs the graph of a case on a device and collects all it computes: outputs of each run, and the variables after the last. */
final class CaseRun {
    /** A second run meets the variables that the first wrote and the memory that it left. */
    static final int RUNS = 2;

    private CaseRun() {}

    /** @param change what to make of floating data that is not exact in every precision, before the run */
    static Map<String, HostArray> run(Device device, CaseGraph g, Compilation how, UnaryOperator<HostArray> change) {
        Map<String, HostArray> results = new LinkedHashMap<>();
        try (Weights weights = device.newWeights()) {
            g.variables().forEach((name, array) -> weights.put(name, changed(g, name, array, change)));
            try (Program program = device.compile(g.graph(), weights, how)) {
                g.inputs().forEach((name, array) -> program.input(name).put(changed(g, name, array, change)));
                for (int run = 1; run <= RUNS; run++) {
                    g.graph().outputs().keySet().forEach(name -> poison(program.output(name)));
                    program.run();
                    for (String name : g.graph().outputs().keySet()) {
                        results.put(name + ", run " + run, copy(program.output(name)));
                    }
                }
            }
            g.variables().keySet().forEach(name -> results.put("variable " + name, weights.get(name)));
        }
        return results;
    }

    private static HostArray changed(CaseGraph g, String name, HostArray array, UnaryOperator<HostArray> change) {
        return array.dtype().isFloating() && !g.exact().contains(name) ? change.apply(array) : array;
    }

    private static void poison(HostArray output) {
        for (int i = 0; i < output.elements(); i++) {
            if (output.dtype().isFloating()) {
                output.set(i, Double.NaN);
            } else {
                output.set(i, -77L);
            }
        }
    }

    private static HostArray copy(HostArray array) {
        HostArray copy = HostArray.allocate(array.dtype().isFloating() ? DType.F64 : array.dtype(), array.shape());
        copy.put(array);
        return copy;
    }
}
