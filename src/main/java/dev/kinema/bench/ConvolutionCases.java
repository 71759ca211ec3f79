package dev.kinema.bench;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Every distinct convolution of Slow-D, forward and both ways back. The weights of the way back to the input are those of inference: they
 * are brought into the kernel's layout once, not in each run as in training, whose steps have cases of their own.
 */
final class ConvolutionCases {
    private static final String SUITE = "conv";
    private static final String X = "x";
    private static final String DY = "dy";
    /** Enough for every tap, stride and padding to matter, with an eighth of the channels. */
    private static final Shape SMALLEST = Shape.of(1, 4, 3, 3, 0);
    private static final int NARROWER = 8;
    /** What kernels take at once. */
    private static final int NARROWEST = 16;

    private ConvolutionCases() {}

    /** One convolution: x [1, T, H, W, I], weight [O, I, kT, kH, kW]. */
    private record Layer(Shape x, Shape weight, Conv3d op) {
        String name() {
            String kernel = weight.dim(2) + "x" + weight.dim(3) + "x" + weight.dim(4);
            String size = x.dim(1) + "x" + x.dim(2) + "x" + x.dim(3);
            String stride = op.stride().volume() == 1 ? "" : "-stride" + op.stride();
            return kernel + "-" + x.last() + "to" + weight.dim(0) + "-at" + size + stride;
        }

        Shape x(Setting setting) {
            return setting.smallest() ? SMALLEST.with(4, channels(setting, x.last())) : x.with(0, setting.batch());
        }

        Shape weight(Setting setting) {
            return weight.with(0, channels(setting, weight.dim(0))).with(1, channels(setting, weight.dim(1)));
        }

        private static int channels(Setting setting, int channels) {
            return setting.smallest() ? Math.min(channels, Math.max(NARROWEST, channels / NARROWER)) : channels;
        }

        /** The shape of what it computes. */
        Shape y(Setting setting) {
            Graph graph = new Graph();
            return Conv3d.of(graph.input(X, DType.F32, x(setting)), graph.input("weight", DType.F32, weight(setting)),
                op.stride(), op.padding()).shape();
        }

        Value weight(Graph graph, Setting setting) {
            // He's start keeps what comes out near what goes in
            return graph.parameter("weight", weight(setting), new Initializer.Normal(Math.sqrt(2.0 / weight.product(1, 5))));
        }

        Subject forward(Setting setting) {
            Graph graph = new Graph();
            graph.output("y", Conv3d.of(graph.input(X, DType.F32, x(setting)), weight(graph, setting), op.stride(), op.padding()));
            return new Subject(graph);
        }

        Subject toInput(Setting setting) {
            Graph graph = new Graph();
            Value dy = graph.input(DY, DType.F32, y(setting));
            graph.output("dx", graph.add(new Conv3dInputGradient(op.stride(), op.padding(), x(setting)), dy, weight(graph, setting)));
            return new Subject(graph);
        }

        Subject toWeight(Setting setting) {
            Graph graph = new Graph();
            Value x = graph.input(X, DType.F32, x(setting));
            Value dy = graph.input(DY, DType.F32, y(setting));
            graph.output("dw", graph.add(new Conv3dWeightGradient(op.stride(), op.padding(), weight(setting)), x, dy));
            return new Subject(graph);
        }
    }

    static List<Case> all() {
        Set<Layer> layers = layers();
        int stem = layers.stream().mapToInt(layer -> layer.x().last()).min().orElseThrow();
        List<Case> cases = new ArrayList<>();
        for (Layer layer : layers) {
            cases.add(new GraphCase(SUITE, "forward-" + layer.name(), Set.of("Conv3d", "FusedConv3d"), layer::forward));
            if (layer.x().last() != stem) { // nobody asks for the gradient of pixels
                cases.add(new GraphCase(SUITE, "to-input-" + layer.name(), Set.of("Conv3dInputGradient"), layer::toInput));
            }
            cases.add(new GraphCase(SUITE, "to-weight-" + layer.name(), Set.of("Conv3dWeightGradient"), layer::toWeight));
        }
        return cases;
    }

    /** In the order of the network. */
    private static Set<Layer> layers() {
        SlowConfig.Clip clip = SlowConfig.SLOW_D_R50.clip();
        Graph graph = new Graph();
        new Slow(SlowConfig.SLOW_D_R50).map(Pass.eval(graph),
            graph.input(X, DType.F32, Shape.of(1, clip.frames(), clip.crop(), clip.crop(), 3)));
        return graph.nodes().stream().filter(node -> node.op() instanceof Conv3d).map(ConvolutionCases::layer)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Layer layer(Node node) {
        return new Layer(node.input(0).shape(), node.input(1).shape(), (Conv3d) node.op());
    }
}
