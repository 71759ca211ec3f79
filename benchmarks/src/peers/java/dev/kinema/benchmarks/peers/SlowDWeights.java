package dev.kinema.benchmarks.peers;

import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.op.Variable;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Random weights by PySlowFast's names, for engines to share. Convolutions start as the model says; batch norm's numbers are drawn too,
 * since its initial ones (0 and 1) would hide a mistake in them.
 */
record SlowDWeights(Map<String, float[]> values) {

    static SlowDWeights of(Graph graph, long seed) {
        Map<String, float[]> values = new LinkedHashMap<>();
        for (Variable v : graph.declarations()) {
            if (!v.type().dtype().isFloating()) {
                continue; // batch norm's counters
            }
            Philox random = Philox.named(seed, v.name());
            float[] array = new float[(int) v.type().shape().elements()];
            for (int i = 0; i < array.length; i++) {
                array[i] = (float) element(v, random, i);
            }
            values.put(v.name(), array);
        }
        return new SlowDWeights(values);
    }

    private static double element(Variable v, Philox random, int i) {
        String name = v.name();
        if (name.endsWith("running_var")) {
            return 0.5 + random.uniform(i);
        }
        if (name.endsWith("running_mean") || name.endsWith("bias")) {
            return 0.1 * random.normal(i);
        }
        if (name.endsWith("bn.weight")) {
            // the last of a block is small, so that sums over blocks stay in range
            return (name.endsWith("c_bn.weight") ? 0.2 : 0.5) * (1 + random.uniform(i));
        }
        return v.initializer().element(random, i);
    }

    void putInto(Weights weights, Graph graph) {
        for (Variable v : graph.declarations()) {
            if (values.containsKey(v.name())) {
                weights.put(v.name(), HostArray.of(v.type().shape(), values.get(v.name())));
            }
        }
        weights.initialize(graph, 0);
    }
}
