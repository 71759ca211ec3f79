package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.Shape;
import dev.kinema.model.SlowConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Which Slow network a state dictionary belongs to, as its names and shapes tell: a stem over one frame is Slow's, one over five is
 * Slow-D's; width, blocks, temporal kernels and classes are sizes. Strides leave no trace: they are those of the published networks.
 */
final class SlowShapes {
    private static final String STEM = "s1.pathway0_stem.conv.weight";
    private static final String CLASSIFIER = "head.projection.weight";

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

    private List<SlowConfig.Stage> stages() {
        List<SlowConfig.Stage> stages = new ArrayList<>();
        while (tensors.containsKey(first(stages.size(), 0))) {
            int stage = stages.size();
            int blocks = 1;
            while (tensors.containsKey(first(stage, blocks))) {
                blocks++;
            }
            stages.add(new SlowConfig.Stage(blocks, kernel(first(stage, 0)).dim(2), stage == 0 ? 1 : 2));
        }
        if (stages.isEmpty()) {
            throw lacks(first(0, 0));
        }
        return stages;
    }

    private static String first(int stage, int block) {
        return "s" + (stage + 2) + ".pathway0_res" + block + ".branch2.a.weight";
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
