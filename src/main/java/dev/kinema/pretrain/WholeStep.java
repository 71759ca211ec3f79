package dev.kinema.pretrain;

import dev.kinema.device.Program;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.nn.Pass;
import dev.kinema.optim.MovingAverage;
import dev.kinema.optim.Optimizer;

/** A step as one program: forward, loss, backward, updates. */
final class WholeStep implements BackboneStep {
    private final Program program;
    private final boolean labelled;
    private final boolean ranked;
    private final boolean followed;

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
        program = builder.device().compile(graph, builder.weights(), builder.compilation());
    }

    Program program() {
        return program;
    }

    @Override
    public Result run(Batch batch) {
        BackboneStep.fill(program, batch.parts().get(0));
        if (labelled) {
            for (int i = 0; i < batch.labels().length; i++) {
                program.input(Classification.LABELS).set(i, (long) batch.labels()[i]);
            }
        }
        program.input(Optimizer.LEARNING_RATE).put((float) batch.rate());
        if (followed) {
            program.input(MovingAverage.DECAY).put((float) batch.decay());
        }
        program.run();
        return new Result(program.output(LOSS).get(0), program.output(Optimizer.GRADIENT_NORM).get(0), program.output(ROWS).toFloats(),
            ranked ? BackboneStep.integers(program, RANKS) : new int[0]);
    }

    @Override
    public void close() {
        program.close();
    }
}
