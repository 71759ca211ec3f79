package dev.kinema.bench;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.Adam;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import dev.kinema.pretrain.BackboneConfig.ObjectiveKind;
import dev.kinema.pretrain.ExampleStep;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.IntToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * A training step: forward, loss, backward, update. Loss and norm of the gradient are held against the reference device's. The norm in fp32
 * alone: in bf16 the gradients of a network of random weights differ from engine to engine, as which ReLU is open does.
 */
record StepCase(String suite, String name, Network network) implements Case {
    private static final String LOSS = TrainingStep.LOSS;
    private static final Compilation AS_WRITTEN = new Compilation(Precision.FP32, false);
    /** Of the norm: sums of squares of gradients that went through all layers, where a ReLU at 0 may open on one device alone. */
    private static final double NORM_BOUND = 1e-3;

    /**
     * Of each layer's gradient in fp32, beside other engines. 1.2e-4 was seen of Slow-D (with the decay, which is in ours alone) and 4e-7 of
     * TxE; but a unit near 0 that opens in one engine alone makes up 1e-2 of the gradient of a layer with some 10,000 units.
     */
    private static final double GRADIENT_BOUND = 2e-2;
    /**
     * The same in bf16. Of Slow-D ours are within 0.25 of ours in fp32 (a norm of 32 channels; convolutions within 0.15), and engines which
     * round in their own way may be apart by the square root of 2 of that; 0.21 was seen, and 0.023 of TxE. What lacks one of two summands,
     * such as a block's branch or its shortcut, is off by 0.7, and what is 0 or has another sign by 1 and more.
     */
    private static final double ROUNDED_GRADIENT_BOUND = 0.4;
    /**
     * How many times as far from ours in bf16 as that is from ours in fp32, by the sine of the angle. Two roundings that know nothing of
     * each other make the square root of 2; engines that round weights and norms too are given some more.
     */
    private static final double ROUNDING_MARGIN = 2;
    /** Films or sequences that engines are compared on: the head's batch norms blow up what is rounded where there are but few. */
    private static final int COMPARED = 16;
    /**
     * A norm's bias, in standard deviations, that leaves 2% of the units behind it closed, and as few within a rounding of 0. At random
     * weights half are closed, and what rounding opens and closes makes up most of a deep layer's gradient in bf16: its distance to fp32's
     * was 0.87 of its length.
     */
    private static final float OPEN = 2;
    /** Of a block's last norm, which in training starts at 0, behind which there is no gradient, or 1; from this to twice this. */
    private static final double BRANCH = 0.2;
    private static final String BRANCH_NORM = "c_bn.weight";
    private static final long SEED = 1;
    /** Those of {@link ExampleStep}. */
    private static final double MOMENTUM = 0.9;
    private static final double DECAY = 1e-6;

    /** Which network learns. */
    enum Network {
        /** CVRL over films. */
        SLOW_D(2, 2),
        /** Mask prediction over sequences, against 65,536 keys. */
        TXE(64, 4);

        private final int usual;
        private final int fewest;

        Network(int usual, int fewest) {
            this.usual = usual;
            this.fewest = fewest;
        }
    }

    @Override
    public Workload open(Setting setting) {
        double error = check(setting.smaller());
        Sizes sizes = Sizes.of(setting, network);
        return ProgramWorkload
            .of(setting, weights -> compile(setting.device(), sizes, setting.compilation(), weights), Set.of(), null, error)
            .withTraining((program, weights) -> training(sizes, program, weights));
    }

    /** By the reference device, which computes nothing for it: no program of ours has part in what an engine takes. */
    @Override
    public Optional<TrainingStep> training(Setting setting) {
        Sizes sizes = Sizes.of(setting, network);
        try (Device reference = Device.open("reference"); Weights weights = reference.newWeights();
                Program program = compile(reference, sizes, AS_WRITTEN, weights)) {
            return Optional.of(training(sizes, program, weights));
        }
    }

    /** What is computed: the networks, of which one is trained, and the films or sequences at once. */
    private record Sizes(SlowConfig slow, ContextualizerConfig txe, int batch) {
        static Sizes of(Setting setting, Network network) {
            return setting.smallest() ? new Sizes(NetworkCases.SMALL_SLOW, NetworkCases.SMALL_TXE, network.fewest)
                : new Sizes(SlowConfig.SLOW_D_R50, ContextualizerConfig.TXE, network.usual * setting.batch());
        }

        /** Small, with nothing random in it, and no norm at 0. */
        static Sizes comparable() {
            return new Sizes(NetworkCases.SMALL_SLOW.withZeroInitFinalNorm(false), NetworkCases.SMALL_TXE.withDropout(0, 0, 0), COMPARED);
        }
    }

    private Program compile(Device device, Sizes sizes, Compilation how, Weights weights) {
        return switch (network) {
            case SLOW_D -> ExampleStep.backbone(device, how, weights, sizes.slow, ObjectiveKind.CVRL, sizes.batch);
            case TXE -> ExampleStep.contextualizer(device, how, weights, sizes.txe, sizes.batch);
        };
    }

    /** The same with weights at which gradients say something: see {@link #OPEN} and {@link #BRANCH}. */
    private Program comparable(Device device, Compilation how, Weights weights) {
        Sizes sizes = Sizes.comparable();
        for (Node node : forward(sizes).nodes()) {
            if (node.op() instanceof BatchNorm) {
                Value scale = node.input(1);
                if (Graph.variableOf(scale).endsWith(BRANCH_NORM)) {
                    Philox random = Philox.named(SEED, Graph.variableOf(scale));
                    put(weights, scale, i -> BRANCH * (1 + random.uniform(i)));
                } else {
                    put(weights, node.input(2), i -> OPEN);
                }
            }
        }
        return compile(device, sizes, how, weights);
    }

    private static void put(Weights weights, Value variable, IntToDoubleFunction element) {
        HostArray array = HostArray.allocate(variable.dtype(), variable.shape());
        for (int i = 0; i < array.elements(); i++) {
            array.set(i, element.applyAsDouble(i));
        }
        weights.put(Graph.variableOf(variable), array);
    }

    private Graph forward(Sizes sizes) {
        return switch (network) {
            case SLOW_D -> ExampleStep.backboneLoss(sizes.slow, ObjectiveKind.CVRL, sizes.batch);
            case TXE -> ExampleStep.contextualizerLoss(sizes.txe, sizes.batch);
        };
    }

    private TrainingStep training(Sizes sizes, Program program, Weights weights) {
        return switch (network) {
            case SLOW_D -> TrainingStep.of(forward(sizes), program, weights, new Sgd(MOMENTUM, 0, false), DECAY);
            case TXE -> TrainingStep.of(forward(sizes), program, weights, Adam.ADAM, 0);
        };
    }

    /**
     * How far an engine's steps are from ours at a small size: the worst of the loss and, in fp32, the gradients layer by layer. In bf16
     * these differ by what is rounded: they are held against a bound of their own, and the angle of the whole against that between ours in
     * bf16 and ours in fp32, but are no error.
     *
     * @param failed told of each setting that is too far off to be timed, or that throws, by its name; and of the engine, if it cannot
     *     tell its settings: what this method throws is ours
     * @return the others
     * @throws dev.kinema.KinemaException if ours in bf16 is as far from ours in fp32
     */
    Map<Peer.Trainer, Double> errors(Setting setting, Peer peer, int threads, BiConsumer<String, RuntimeException> failed) {
        Map<Peer.Trainer, Double> errors = new LinkedHashMap<>();
        try (Weights weights = setting.device().newWeights();
                Program program = comparable(setting.device(), setting.compilation(), weights)) {
            TrainingStep step = training(Sizes.comparable(), program, weights);
            Gradients ours = gradients(step, program, weights);
            double angle = setting.precision() == Precision.FP32 ? 0 : angleToExact(setting, ours);
            List<Peer.Trainer> trainers = List.of();
            try {
                trainers = peer.trainers(step, setting.precision(), threads);
            } catch (RuntimeException e) {
                failed.accept(peer.getClass().getSimpleName(), e);
            }
            for (Peer.Trainer trainer : trainers) {
                try (Peer.Contender contender = trainer.open(step)) {
                    contender.run();
                    errors.put(trainer, error(step, setting.precision(), contender, ours, ROUNDING_MARGIN * angle));
                } catch (RuntimeException e) {
                    failed.accept(trainer.name(), e);
                }
            }
        }
        return errors;
    }

    private double error(TrainingStep step, Precision precision, Peer.Contender contender, Gradients ours, double angle) {
        Map<String, float[]> outputs = contender.outputs();
        String what = contender.name() + " on " + fullName() + " in " + precision;
        double bound = precision == Precision.FP32 ? NORM_BOUND : Case.bound(precision);
        double error = Distance.within(bound, Distance.of(doubles(outputs.get(LOSS), 1), new double[] {ours.loss}), what + ", loss,");
        Gradients theirs = new Gradients(outputs.get(LOSS)[0], new LinkedHashMap<>());
        names(step).forEach(name -> theirs.variables.put(name, doubles(outputs.get(name), 1)));
        double worst = worstLayer(theirs, ours, precision == Precision.FP32 ? GRADIENT_BOUND : ROUNDED_GRADIENT_BOUND, what);
        if (precision != Precision.FP32) {
            Distance.within(angle, Distance.sine(theirs.all(), ours.all()), what + ", angle of the gradient,");
            return error;
        }
        return Math.max(error, worst);
    }

    /** Of the distances of layers' gradients, each of which is to be within the bound. */
    private static double worstLayer(Gradients actual, Gradients expected, double bound, String what) {
        Map<String, double[]> layers = expected.layers();
        double worst = 0;
        for (Map.Entry<String, double[]> layer : actual.layers().entrySet()) {
            double error = Distance.of(layer.getValue(), layers.get(layer.getKey()));
            worst = Math.max(worst, Distance.within(bound, error, what + ", gradient of " + layer.getKey() + ","));
        }
        return worst;
    }

    /** To the same step of ours in fp32, whose gradients ours in the setting's precision are held against. */
    private double angleToExact(Setting setting, Gradients ours) {
        Setting plain = setting.of(setting.device(), Precision.FP32);
        try (Weights weights = setting.device().newWeights();
                Program program = comparable(setting.device(), plain.compilation(), weights)) {
            Gradients exact = gradients(training(Sizes.comparable(), program, weights), program, weights);
            worstLayer(ours, exact, ROUNDED_GRADIENT_BOUND, "ours on " + fullName() + " in " + setting.precision() + ", to fp32,");
            return Distance.sine(ours.all(), exact.all());
        }
    }

    /** Of the first step, which is taken here. */
    private Gradients gradients(TrainingStep step, Program program, Weights weights) {
        program.run();
        Gradients result = new Gradients(program.output(LOSS).get(0), new LinkedHashMap<>());
        names(step).forEach(name -> result.variables.put(name, gradient(weights, name)));
        return result;
    }

    /** What a step computed: its loss, and the gradient of each variable. */
    private record Gradients(double loss, Map<String, double[]> variables) {
        /**
         * By layer: a weight together with its bias, as gradients of biases before a norm are what is left of numbers that cancel each
         * other.
         */
        Map<String, double[]> layers() {
            Map<String, List<double[]>> parts = new LinkedHashMap<>();
            variables.forEach((name, gradient) ->
                parts.computeIfAbsent(name.substring(0, name.lastIndexOf('.')), layer -> new ArrayList<>()).add(gradient));
            Map<String, double[]> layers = new LinkedHashMap<>();
            parts.forEach((layer, of) -> layers.put(layer, joined(of)));
            return layers;
        }

        double[] all() {
            return joined(List.copyOf(variables.values()));
        }
    }

    private static Stream<String> names(TrainingStep step) {
        return step.forward().parameters().stream().map(Graph::variableOf);
    }

    /** What the first step left in the optimizer's first buffer: of Adam (1 - beta1) g, of momentum g, and decay that is below notice. */
    private double[] gradient(Weights weights, String name) {
        return network == Network.TXE
            ? doubles(weights.get(Optimizer.PREFIX + name + ".first_moment").toFloats(), 1 / (1 - Adam.ADAM.beta1()))
            : doubles(weights.get(Optimizer.PREFIX + name + ".momentum").toFloats(), 1);
    }

    private static double[] doubles(float[] numbers, double factor) {
        double[] result = new double[numbers.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = factor * numbers[i];
        }
        return result;
    }

    private static double[] joined(List<double[]> parts) {
        return parts.stream().flatMapToDouble(DoubleStream::of).toArray();
    }

    private double check(Setting setting) {
        double[] actual = results(setting, setting.compilation());
        double[] expected;
        try (Device reference = Device.open("reference")) {
            expected = results(setting.of(reference, Precision.FP32), AS_WRITTEN);
        }
        Precision precision = setting.precision();
        String what = fullName() + " in " + precision;
        if (precision == Precision.FP32) {
            double error = Distance.of(new double[] {actual[1]}, new double[] {expected[1]});
            Distance.within(NORM_BOUND, error, what + ", norm of the gradient,");
        }
        return Distance.within(Case.bound(precision), Distance.of(new double[] {actual[0]}, new double[] {expected[0]}), what + ", loss,");
    }

    /** Loss and norm of the gradient. */
    private double[] results(Setting setting, Compilation how) {
        try (Weights weights = setting.device().newWeights();
                Program program = compile(setting.device(), Sizes.of(setting, network), how, weights)) {
            program.run();
            return new double[] {program.output(LOSS).get(0), program.output(Optimizer.GRADIENT_NORM).get(0)};
        }
    }
}
