package dev.kinema.pretrain;

import dev.kinema.device.Program;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Scale;
import dev.kinema.nn.Pass;
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
        program = builder.device().compile(graph, builder.weights(), builder.compilation());
    }

    @Override
    public Result run(Batch batch) {
        double loss = 0;
        float[] rows = new float[films * width];
        for (int i = 0; i < batch.parts().size(); i++) {
            BackboneStep.fill(program, batch.parts().get(i));
            for (int k = 0; k < part; k++) {
                program.input(Classification.LABELS).set(k, (long) batch.labels()[i * part + k]);
            }
            program.run();
            loss += program.output(LOSS).get(0) / batch.parts().size();
            System.arraycopy(program.output(ROWS).toFloats(), 0, rows, i * part * width, part * width);
        }
        return new Result(loss, sum.apply(batch.rate(), batch.decay()), rows, new int[0]);
    }

    @Override
    public void close() {
        program.close();
        sum.close();
    }
}
