package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.Shape;
import dev.kinema.model.SlowConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which Slow network a state dictionary belongs to, as its names and shapes tell: a stem over one frame is Slow's, one over five is
 * Slow-D's; width, blocks, temporal kernels and classes are sizes. Strides leave no trace: they are those of the published networks.
 */
final class SlowShapes {
    private static final String STEM = "s1.pathway0_stem.conv.weight";
    private static final String CLASSIFIER = "head.projection.weight";
    /** Three digits are far beyond any network. */
    private static final Pattern BLOCK = Pattern.compile("s([0-9])\\.pathway0_res([0-9]{1,3})\\.");

    private final Path source;
    private final Map<String, HostArray> tensors;

    private SlowShapes(Path source, Map<String, HostArray> tensors) {
        this.source = source;
        this.tensors = tensors;
    }

    /**
     * The network; its head has 0 classes where there is no classifier.
     *
     * @param source what to name in errors
     * @throws KinemaException if these are no weights of a Slow network, saying why not
     */
    static SlowConfig infer(Path source, Map<String, HostArray> tensors) {
        return new SlowShapes(source, tensors).config();
    }

    private SlowConfig config() {
        if (tensors.keySet().stream().anyMatch(name -> name.contains("pathway1_"))) {
            throw new KinemaException(source + ": has two pathways, as SlowFast: only networks of one pathway, Slow and Slow-D, are known");
        }
        Shape stem = kernel(STEM);
        SlowConfig named = switch (stem.dim(2)) {
            case 1 -> SlowConfig.SLOW_R50;
            case 5 -> SlowConfig.SLOW_D_R50;
            default -> throw new KinemaException(source + ": its stem has a kernel of " + stem.dim(2) + "x" + stem.dim(3) + "x"
                + stem.dim(4) + ", but Slow has 1x7x7 and Slow-D 5x7x7: only these two are known");
        };
        HostArray classifier = tensors.get(CLASSIFIER);
        int classes = classifier == null ? 0 : classifier.shape().rank() == 0 ? 1 : classifier.shape().dim(0);
        SlowConfig.Head head = new SlowConfig.Head(named.head().pool(), classes, named.head().dropout());
        return named.withWidth(stem.dim(0)).withStages(stages()).withHead(head);
    }

    /** Blocks are counted by any of their tensors, so that a single missing one is found to be missing later. */
    private List<SlowConfig.Stage> stages() {
        Map<Integer, Integer> blocks = new TreeMap<>();
        for (String name : tensors.keySet()) {
            Matcher m = BLOCK.matcher(name);
            if (m.lookingAt()) {
                blocks.merge(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)) + 1, Math::max);
            }
        }
        List<SlowConfig.Stage> stages = new ArrayList<>();
        while (blocks.containsKey(stages.size() + 2)) {
            int stage = stages.size() + 2;
            stages.add(new SlowConfig.Stage(blocks.get(stage), temporalKernel(stage, blocks.get(stage)), stage == 2 ? 1 : 2));
        }
        if (stages.isEmpty()) {
            throw lacks("s2.pathway0_res0.branch2.a.weight");
        }
        return stages;
    }

    /** Of the first block that has its first convolution. */
    private int temporalKernel(int stage, int blocks) {
        String first = null;
        for (int b = blocks - 1; b >= 0; b--) {
            String name = "s" + stage + ".pathway0_res" + b + ".branch2.a.weight";
            first = tensors.containsKey(name) || first == null ? name : first;
        }
        return kernel(first).dim(2);
    }

    /** Shape [O, I, T, H, W]. Caffe2 leaves out sizes of 1 at the end, and image networks T. */
    private Shape kernel(String name) {
        HostArray kernel = tensors.get(name);
        if (kernel == null) {
            throw lacks(name);
        }
        Shape shape = kernel.shape();
        if (shape.rank() < 2 || shape.rank() > 5) {
            throw new KinemaException(source + ": " + name + " is " + shape
                + ", no kernel [O, I, T, H, W]: name weights of a Slow network");
        }
        if (shape.rank() == 4) {
            return Shape.of(shape.dim(0), shape.dim(1), 1, shape.dim(2), shape.dim(3));
        }
        while (shape.rank() < 5) {
            shape = shape.append(Shape.of(1));
        }
        return shape;
    }

    private KinemaException lacks(String name) {
        return new KinemaException(source + ": has no " + name + " among its " + tensors.size()
            + " tensors, so it is no Slow or Slow-D network: name the weights of one");
    }
}
