package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.ActivationRanges;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Quantization;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.model.SlowConfig;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Runs a backbone in float32 and counts how large the inputs become of the convolutions that int8 is for. Each of them is an output of the
 * program: a clip of 16 x 224 x 224 takes some 800 MB of memory.
 */
public final class ActivationRecorder implements AutoCloseable {
    private final Program program;
    private final Map<String, ActivationHistogram> histograms = new LinkedHashMap<>();
    private final int clipBytes;
    private int clips;

    /** @param weights the network's, complete; they are the caller's to close, after this */
    public ActivationRecorder(Device device, Weights weights, SlowConfig network) {
        Graph graph = Lanes.graph(network, 1);
        Map<String, Value> inputs = Quantization.inputs(graph);
        inputs.forEach(graph::output);
        inputs.keySet().forEach(name -> histograms.put(name, new ActivationHistogram(name)));
        program = device.compile(graph, weights, Compilation.FP32);
        clipBytes = program.input("frames").elements();
    }

    /**
     * Runs one clip.
     *
     * @param frames u8 RGB [T, H, W, 3] between position and limit, of the network's own size
     * @throws KinemaException if the network's numbers overflow
     */
    public void add(ByteBuffer frames) {
        program.input("frames").buffer().put(0, frames, frames.position(), clipBytes);
        program.run();
        histograms.forEach((name, histogram) -> histogram.add(program.output(name).buffer().asFloatBuffer()));
        clips++;
    }

    /** How many clips were run. */
    public int clips() {
        return clips;
    }

    /**
     * The ranges that so many percent of each convolution's inputs lie in.
     *
     * @throws KinemaException if no clip was run
     */
    public ActivationRanges ranges(double percent) {
        if (clips == 0) {
            throw new KinemaException("there is no clip to calibrate on: name films that last as long as a clip");
        }
        Map<String, Double> ranges = new TreeMap<>();
        histograms.forEach((name, histogram) -> ranges.put(name, histogram.percentile(percent)));
        return new ActivationRanges(ranges);
    }

    @Override
    public void close() {
        program.close();
    }
}
