package dev.kinema.pretrain;

import dev.kinema.device.Compilation;
import dev.kinema.device.Program;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.nn.Pass;
import dev.kinema.optim.MovingAverage;
import dev.kinema.optim.Optimizer;
import java.util.function.Supplier;

/** A step as one program: forward, loss, backward, updates. */
final class WholeStep implements BackboneStep {
    private final Program program;
    private final boolean labelled;
    private final boolean ranked;
    private final boolean followed;
    /** What a run has given the device for the next one, while it is under way; null where nothing. */
    private Clips next;
    /** What the program's next run has as inputs already; null where nothing. */
    private Clips filled;

    WholeStep(StepBuilder builder) {
        Objective objective = builder.objective();
        Graph graph = new Graph();
        Value clips = BackboneStep.clips(graph, builder.clip(), objective.clips() * builder.films());
        Pass pass = Pass.train(graph);
        Value rows = objective.rows(pass.at("backbone"), clips);
        Value keys = objective.hasKeys() ? objective.rows(pass.at("backbone_hist").frozen(), clips) : null;
        Objective.Loss loss = objective.loss(rows, keys, builder.films());
        graph.output(LOSS, loss.value());
        graph.output(ROWS, rows);
        ranked = loss.ranks() != null;
        if (ranked) {
            graph.output(RANKS, loss.ranks());
        }
        Optimizer.Step step = builder.optimizer().minimize(loss.value());
        labelled = objective instanceof Classification;
        followed = objective.hasKeys();
        if (followed) {
            builder.follow(graph, step);
        }
        builder.initialize(graph);
        Compilation how = labelled ? builder.compilation().withStaged(FRAMES, Classification.LABELS) : builder.compilation().withStaged(FRAMES);
        program = builder.device().compile(graph, builder.weights(), how);
    }

    Program program() {
        return program;
    }

    @Override
    public Result run(Batch batch) {
        return run(batch, () -> null);
    }

    @Override
    public Result run(Batch batch, Supplier<Clips> following) {
        if (batch.clips() != filled) {
            fill(batch.clips());
        }
        filled = null;
        program.input(Optimizer.LEARNING_RATE).put((float) batch.rate());
        if (followed) {
            program.input(MovingAverage.DECAY).put((float) batch.decay());
        }
        program.run(() -> {
            next = following.get();
            if (next != null) {
                fill(next);
            }
            return next != null;
        });
        filled = next;
        return new Result(program.output(LOSS).get(0), program.output(Optimizer.GRADIENT_NORM).get(0), program.output(ROWS).toFloats(),
            ranked ? BackboneStep.integers(program, RANKS) : new int[0]);
    }

    private void fill(Clips clips) {
        BackboneStep.fill(program, clips.parts().get(0));
        if (labelled) {
            for (int i = 0; i < clips.labels().length; i++) {
                program.input(Classification.LABELS).set(i, (long) clips.labels()[i]);
            }
        }
    }

    @Override
    public void close() {
        program.close();
    }
}
