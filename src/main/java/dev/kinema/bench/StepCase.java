package dev.kinema.bench;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.Adam;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import dev.kinema.pretrain.BackboneConfig.ObjectiveKind;
import dev.kinema.pretrain.ExampleStep;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
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
     * Of the gradient of all variables in fp32, beside other engines: whether they learn the same. Of Slow-D 8.3e-3 was seen, of
     * TxE 1e-6.
     */
    private static final double GRADIENT_BOUND = 2e-2;
    /**
     * How many times as far from ours in bf16 as that is from ours in fp32, by the sine of the angle. Two roundings that know nothing of
     * each other make the square root of 2; engines that round weights and norms too are given some more. 1.08 was seen of Slow-D, where
     * ours is at 0.23, and 0.94 of TxE, at 0.010.
     */
    private static final double ROUNDING_MARGIN = 2;
    /** Films or sequences that engines are compared on: the head's batch norms blow up what is rounded where there are but few. */
    private static final int COMPARED = 16;
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

        /**
         * Small, with nothing random in it. In fp32 with no norm at 0, behind which all gradients are 0; in bf16 these would be of a deep
         * network of random weights, and have little in common with those of fp32.
         */
        static Sizes comparable(Network network, Precision precision) {
            return new Sizes(NetworkCases.SMALL_SLOW.withZeroInitFinalNorm(precision != Precision.FP32),
                NetworkCases.SMALL_TXE.withDropout(0, 0, 0), COMPARED);
        }
    }

    private Program compile(Device device, Sizes sizes, Compilation how, Weights weights) {
        return switch (network) {
            case SLOW_D -> ExampleStep.backbone(device, how, weights, sizes.slow, ObjectiveKind.CVRL, sizes.batch);
            case TXE -> ExampleStep.contextualizer(device, how, weights, sizes.txe, sizes.batch);
        };
    }

    private TrainingStep training(Sizes sizes, Program program, Weights weights) {
        return switch (network) {
            case SLOW_D -> TrainingStep.of(ExampleStep.backboneLoss(sizes.slow, ObjectiveKind.CVRL, sizes.batch), program, weights,
                new Sgd(MOMENTUM, 0, false), DECAY);
            case TXE -> TrainingStep.of(ExampleStep.contextualizerLoss(sizes.txe, sizes.batch), program, weights, Adam.ADAM, 0);
        };
    }

    /**
     * How far an engine's steps are from ours at the smallest size: the worst of the loss and, in fp32, the gradient as a whole. In bf16
     * gradients differ from engine to engine by what is rounded: there the angle of the whole is held against that between ours in bf16 and
     * ours in fp32, and is no error.
     *
     * @param failed told of each setting that is too far off to be timed, or that throws, by its name; and of the engine, if it cannot
     *     tell its settings: what this method throws is ours
     * @return the others
     */
    Map<Peer.Trainer, Double> errors(Setting setting, Peer peer, int threads, BiConsumer<String, RuntimeException> failed) {
        Sizes sizes = Sizes.comparable(network, setting.precision());
        Map<Peer.Trainer, Double> errors = new LinkedHashMap<>();
        try (Weights weights = setting.device().newWeights();
                Program program = compile(setting.device(), sizes, setting.compilation(), weights)) {
            TrainingStep step = training(sizes, program, weights);
            Result ours = result(step, program, weights);
            double bound = GRADIENT_BOUND;
            if (setting.precision() != Precision.FP32) {
                bound = ROUNDING_MARGIN * Distance.sine(ours.gradient, exact(setting, sizes).gradient);
            }
            List<Peer.Trainer> trainers = List.of();
            try {
                trainers = peer.trainers(step, setting.precision(), threads);
            } catch (RuntimeException e) {
                failed.accept(peer.getClass().getSimpleName(), e);
            }
            for (Peer.Trainer trainer : trainers) {
                try (Peer.Contender contender = trainer.open(step)) {
                    contender.run();
                    errors.put(trainer, error(step, setting.precision(), contender, ours, bound));
                } catch (RuntimeException e) {
                    failed.accept(trainer.name(), e);
                }
            }
        }
        return errors;
    }

    private double error(TrainingStep step, Precision precision, Peer.Contender contender, Result ours, double gradientBound) {
        Map<String, float[]> outputs = contender.outputs();
        String what = contender.name() + " on " + fullName() + " in " + precision;
        double bound = precision == Precision.FP32 ? NORM_BOUND : Case.bound(precision);
        double error = Distance.within(bound, Distance.of(doubles(outputs.get(LOSS), 1), ours.loss), what + ", loss,");
        double[] gradient = joined(names(step).map(name -> doubles(outputs.get(name), 1)).toList());
        if (precision != Precision.FP32) {
            Distance.within(gradientBound, Distance.sine(gradient, ours.gradient), what + ", angle of the gradient,");
            return error;
        }
        return Math.max(error, Distance.within(gradientBound, Distance.of(gradient, ours.gradient), what + ", gradient,"));
    }

    /** The same step of ours in fp32. */
    private Result exact(Setting setting, Sizes sizes) {
        try (Weights weights = setting.device().newWeights();
                Program program = compile(setting.device(), sizes, setting.of(setting.device(), Precision.FP32).compilation(), weights)) {
            return result(training(sizes, program, weights), program, weights);
        }
    }

    /** Of the first step, which is taken here. */
    private Result result(TrainingStep step, Program program, Weights weights) {
        program.run();
        return new Result(new double[] {program.output(LOSS).get(0)},
            joined(names(step).map(name -> gradient(weights, name)).toList()));
    }

    /** What a step computed: its loss, and the gradient of all variables together. */
    private record Result(double[] loss, double[] gradient) {}

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
