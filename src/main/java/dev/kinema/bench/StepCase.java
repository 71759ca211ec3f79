package dev.kinema.bench;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.Optimizer;
import dev.kinema.pretrain.BackboneConfig.ObjectiveKind;
import dev.kinema.pretrain.ExampleStep;
import java.util.Set;

/**
 * A training step: forward, loss, backward, update. Loss and norm of the gradient are held against the reference device's. The norm in fp32
 * alone: in bf16 the gradients of a network of random weights differ from engine to engine, as which ReLU is open does.
 */
record StepCase(String suite, String name, Network network) implements Case {
    private static final String LOSS = "loss";
    /** Of the norm: sums of squares of gradients that went through all layers, where a ReLU at 0 may open on one device alone. */
    private static final double NORM_BOUND = 1e-3;

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
        return ProgramWorkload.of(setting, weights -> compile(setting, setting.compilation(), weights), Set.of(), null, error);
    }

    private Program compile(Setting setting, Compilation how, Weights weights) {
        int batch = setting.smallest() ? network.fewest : network.usual * setting.batch();
        return switch (network) {
            case SLOW_D -> ExampleStep.backbone(setting.device(), how, weights,
                setting.smallest() ? NetworkCases.SMALL_SLOW : SlowConfig.SLOW_D_R50, ObjectiveKind.CVRL, batch);
            case TXE -> ExampleStep.contextualizer(setting.device(), how, weights,
                setting.smallest() ? NetworkCases.SMALL_TXE : ContextualizerConfig.TXE, batch);
        };
    }

    private double check(Setting setting) {
        double[] actual = results(setting, setting.compilation());
        double[] expected;
        try (Device reference = Device.open("reference")) {
            expected = results(setting.of(reference, Precision.FP32), new Compilation(Precision.FP32, false));
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
        try (Weights weights = setting.device().newWeights(); Program program = compile(setting, how, weights)) {
            program.run();
            return new double[] {program.output(LOSS).get(0), program.output(Optimizer.GRADIENT_NORM).get(0)};
        }
    }
}
