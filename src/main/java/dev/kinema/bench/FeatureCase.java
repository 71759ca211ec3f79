package dev.kinema.bench;

import dev.kinema.KinemaException;
import dev.kinema.device.ActivationRanges;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Quantization;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.NormalizeFrames;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Features of clips. In 8-bit integers they are computed from bytes, as {@code kinema embed} does it, calibrated on made-up clips, and held
 * against those of float32: the error is what the cosine lacks to 1. Other engines then have the same pictures as floats, and compute in
 * float32.
 *
 * @param floats from clips of floats, in the other precisions
 * @param bytes the same network from {@code frames}, uint8
 */
record FeatureCase(GraphCase floats, Function<Setting, Subject> bytes) implements Case {
    static final String FRAMES = "frames";
    static final String CLIPS = "clips";
    static final String FEATURE = "feature";
    /** To float32; below it neighbours begin to change places. */
    private static final double COSINE = 0.995;
    private static final int CALIBRATION_CLIPS = 2;
    private static final long CALIBRATION = 0xCA1;

    @Override
    public String suite() {
        return floats.suite();
    }

    @Override
    public String name() {
        return floats.name();
    }

    @Override
    public boolean computesIn(Setting setting) {
        return true;
    }

    @Override
    public Workload open(Setting setting) {
        if (setting.precision() != Precision.INT8) {
            return floats.open(setting);
        }
        ActivationRanges ranges = ranges(setting);
        Subject drawn = bytes.apply(setting);
        Compilation how = Compilation.int8(ranges);
        HostArray expected = feature(setting.device(), drawn, Compilation.FP32);
        double error = 1 - cosine(feature(setting.device(), drawn, how), expected);
        if (!(error <= 1 - COSINE)) {
            throw new KinemaException(fullName() + " in int8: the cosine of its features to those of float32 is " + (1 - error) + ", below "
                + COSINE + ": its time means nothing until it computes what it should");
        }
        return ProgramWorkload.of(setting, weights -> drawn.compile(setting.device(), weights, how), Set.of(),
            asFloats(setting, drawn), error);
    }

    /** The largest inputs that convolutions had over a few clips that are not those that are timed. */
    private ActivationRanges ranges(Setting setting) {
        Subject subject = bytes.apply(new Setting(setting.device(), Precision.FP32, setting.size()));
        Graph graph = subject.graph();
        Map<String, Value> inputs = Quantization.inputs(graph);
        inputs.forEach(graph::output);
        Map<String, Double> greatest = new TreeMap<>();
        try (Weights weights = setting.device().newWeights();
                Program program = subject.compile(setting.device(), weights, Compilation.FP32)) {
            HostArray frames = program.input(FRAMES);
            for (int clip = 0; clip < CALIBRATION_CLIPS; clip++) {
                Philox random = new Philox(CALIBRATION, clip, 0);
                for (int i = 0; i < frames.elements(); i++) {
                    frames.set(i, random.bits(i) & 0xFFL);
                }
                program.run();
                inputs.keySet().forEach(name -> greatest.merge(name, greatest(program.output(name)), Math::max));
            }
        }
        return new ActivationRanges(greatest);
    }

    private static double greatest(HostArray values) {
        float most = 0;
        for (float value : values.toFloats()) {
            most = Math.max(most, value);
        }
        return most;
    }

    private static HostArray feature(Device device, Subject drawn, Compilation how) {
        try (Weights weights = device.newWeights(); Program program = drawn.compile(device, weights, how)) {
            program.run();
            return program.output(FEATURE).copy();
        }
    }

    /** Of the row that is worst. */
    private static double cosine(HostArray actual, HostArray expected) {
        double[] a = actual.toDoubles();
        double[] b = expected.toDoubles();
        int width = expected.shape().last();
        double worst = 1;
        for (int row = 0; row < a.length; row += width) {
            double product = 0;
            double lengthA = 0;
            double lengthB = 0;
            for (int i = row; i < row + width; i++) {
                product += a[i] * b[i];
                lengthA += a[i] * a[i];
                lengthB += b[i] * b[i];
            }
            worst = Math.min(worst, product / Math.sqrt(lengthA * lengthB));
        }
        return worst;
    }

    /** The network from floats, with the pictures of {@code drawn}. */
    private Subject asFloats(Setting setting, Subject drawn) {
        HostArray frames = drawn.inputs().get(FRAMES);
        HostArray clips = HostArray.allocate(DType.F32, frames.shape());
        int channels = frames.shape().last();
        for (int i = 0; i < frames.elements(); i++) {
            clips.set(i, NormalizeFrames.KINETICS.level((int) frames.get(i), i % channels));
        }
        return new Subject(floats.subject().apply(setting).graph(), Map.of(CLIPS, clips), Optional.empty());
    }
}
