package dev.kinema.benchmarks.peers;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;

/** Our engine on device {@code cpu}; a run takes float32 clips in either precision. */
final class KinemaSlowD implements Contestant {
    private final Precision precision;
    private final Weights weights;
    private final Program program;

    KinemaSlowD(Device device, Precision precision, SlowDWeights values, float[] clip) {
        this.precision = precision;
        Graph graph = graph();
        weights = device.newWeights();
        values.putInto(weights, graph);
        program = device.compile(graph, weights, new Compilation(precision, true));
        program.input("clips").put(clip);
    }

    /** Slow-D with 50 layers on one clip [1, 16, 224, 224, 3]. */
    static Graph graph() {
        Graph graph = new Graph();
        SlowConfig.Clip clip = SlowConfig.SLOW_D_R50.clip();
        Shape shape = Shape.of(1, clip.frames(), clip.crop(), clip.crop(), 3);
        graph.output("feature", new Slow(SlowConfig.SLOW_D_R50).feature(Pass.eval(graph), graph.input("clips", DType.F32, shape)));
        return graph;
    }

    @Override
    public String name() {
        return "kinema cpu";
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public void run() {
        program.run();
    }

    @Override
    public float[] features() {
        return program.output("feature").toFloats();
    }

    @Override
    public void close() {
        program.close();
        weights.close();
    }
}
