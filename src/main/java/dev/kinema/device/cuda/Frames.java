package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Op;
import java.util.List;
import java.util.Map;

/** Bytes of video to numbers in the type of computation. */
final class Frames {
    private static final int MOST_CHANNELS = 4;

    private Frames() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(NormalizeFrames.class, Frames::normalize);
    }

    private static void normalize(Lowering l, Node node) {
        NormalizeFrames op = (NormalizeFrames) node.op();
        Buffer x = l.of(node.input(0));
        int channels = x.shape().last();
        if (channels > MOST_CHANNELS) {
            throw new KinemaException("the cuda device normalises frames of at most " + MOST_CHANNELS + " channels, got " + channels
                + ": run this graph on cpu");
        }
        Buffer y = l.define(node.output(0), l.compute());
        float[] mean = constants(op.mean());
        float[] std = constants(op.std());
        l.step("frames.normalize", List.of(x), List.of(y), stream -> Kinema.kn_frames_normalize(y.address(), x.address(),
            x.elements() / channels, channels, mean[0], mean[1], mean[2], mean[3], std[0], std[1], std[2], std[3], y.code(), stream));
    }

    private static float[] constants(List<Double> values) {
        float[] constants = new float[MOST_CHANNELS];
        for (int c = 0; c < values.size(); c++) {
            constants[c] = (float) (double) values.get(c);
        }
        return constants;
    }
}
