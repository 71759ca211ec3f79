package dev.kinema.pretrain;

import dev.kinema.device.Program;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Scale;
import dev.kinema.nn.Pass;
import java.util.Arrays;
import java.util.List;

/** A step whose loss is the mean over the parts of a batch: gradients are summed, part after part. Batch norm's statistics are of a part. */
final class SummedStep implements BackboneStep {
    private final Program program;
    private final GradientSum sum;
    private final int films;
    private final int part;
    private final int width;

    SummedStep(StepBuilder builder) {
        Objective objective = builder.objective();
        films = builder.films();
        part = builder.part();
        width = objective.width();
        Graph graph = new Graph();
        Value clips = BackboneStep.clips(graph, builder.clip(), objective.clips() * part);
        Value rows = objective.rows(Pass.train(graph).at("backbone"), clips);
        Value loss = objective.loss(rows, null, part).value();
        graph.output(LOSS, loss);
        graph.output(ROWS, rows);
        List<Value> parameters = graph.parameters();
        GradientSum.add(parameters, Gradients.of(Scale.of(loss, 1.0 / builder.parts()), parameters));
        builder.initialize(graph);
        sum = new GradientSum(builder, graph);
        program = builder.device().compile(graph, builder.weights(), builder.compilation().withStaged(FRAMES, Classification.LABELS));
    }

    @Override
    public Result run(Batch batch) {
        double[] losses = new double[batch.parts().size()];
        float[] rows = new float[films * width];
        program.runParts(losses.length, i -> fill(batch, i), i -> {
            losses[i] = program.output(LOSS).get(0) / losses.length;
            System.arraycopy(program.output(ROWS).toFloats(), 0, rows, i * part * width, part * width);
        });
        return new Result(Arrays.stream(losses).reduce(0, Double::sum), sum.apply(batch.rate(), batch.decay()), rows, new int[0]);
    }

    private void fill(Batch batch, int index) {
        BackboneStep.fill(program, batch.parts().get(index));
        for (int k = 0; k < part; k++) {
            program.input(Classification.LABELS).set(k, (long) batch.labels()[index * part + k]);
        }
    }

    @Override
    public void close() {
        program.close();
        sum.close();
    }
}
