package dev.kinema.pretrain;

import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.nn.Pass;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A step whose loss sees the whole batch although the network sees it in parts, as in Gao et al., "Scaling Deep Contrastive Learning Batch
 * Size under Memory Limited Setup" (arXiv:2101.06983): all parts are turned into rows, the loss over all rows gives the gradient of each
 * row, and a second pass over the parts carries these back. Loss and gradient are those of the whole batch, but for batch norm: its
 * statistics are of the clips that are computed together.
 *
 * <p>These are not the parts that films were loaded in: second clips are dealt out in an order of their own, so that what clips were
 * normalised with does not tell which film they are of. Without it a network learns to compare statistics (MoCo, arXiv:1911.05722, section
 * 3.3, which shuffles its keys for that reason). The pixels of the whole batch are held meanwhile.
 */
final class CachedStep implements BackboneStep {
    private static final String UPSTREAM = "upstream";

    private final Program embedding;
    private final Program contrast;
    private final Program backward;
    private final GradientSum sum;
    private final boolean keyed;
    private final boolean ranked;
    private final int films;
    private final int part;
    private final int width;
    private final int views;
    private final long seed;

    CachedStep(StepBuilder builder) {
        Objective objective = builder.objective();
        films = builder.films();
        part = builder.part();
        seed = builder.seed();
        width = objective.width();
        views = objective.clips();
        keyed = objective.hasKeys();
        Graph forward = forward(builder);
        Graph loss = new Graph();
        ranked = contrast(loss, objective);
        Graph back = backward(builder);
        builder.initialize(forward);
        builder.initialize(loss);
        builder.initialize(back);
        // the momentum encoder starts equal before anything reads it
        sum = new GradientSum(builder, forward);
        embedding = builder.device().compile(forward, builder.weights(), builder.compilation().withStaged(FRAMES));
        contrast = builder.device().compile(loss, builder.weights(), builder.compilation().withPrecision(Precision.FP32));
        backward = builder.device().compile(back, builder.weights(), builder.compilation().withStaged(FRAMES, UPSTREAM));
    }

    /** Rows, and keys, of clips. The second pass over the network updates its running statistics, not this one. */
    private Graph forward(StepBuilder builder) {
        Graph graph = new Graph();
        Value clips = BackboneStep.clips(graph, builder.clip(), views * part);
        Pass pass = Pass.train(graph);
        graph.output(ROWS, builder.objective().rows(pass.at("backbone").withoutUpdates(), clips));
        if (keyed) {
            graph.output(KEYS, builder.objective().rows(pass.at("backbone_hist").frozen(), clips));
        }
        return graph;
    }

    private boolean contrast(Graph graph, Objective objective) {
        Value rows = graph.input(ROWS, DType.F32, Shape.of(views * films, width));
        Value keys = keyed ? graph.input(KEYS, DType.F32, Shape.of(views * films, width)) : null;
        Objective.Loss loss = objective.loss(rows, keys, films);
        graph.output(LOSS, loss.value());
        graph.output(UPSTREAM, Gradients.of(loss.value(), List.of(rows)).get(0));
        if (loss.ranks() != null) {
            graph.output(RANKS, loss.ranks());
        }
        return loss.ranks() != null;
    }

    /** The derivative of the sum of row times its gradient is the loss's own. */
    private Graph backward(StepBuilder builder) {
        Graph graph = new Graph();
        Value clips = BackboneStep.clips(graph, builder.clip(), views * part);
        Value rows = builder.objective().rows(Pass.train(graph).at("backbone"), clips);
        Value upstream = graph.input(UPSTREAM, DType.F32, Shape.of(views * part, width));
        Value product = Reduce.sum(Mul.of(rows, upstream), 0, 1);
        List<Value> parameters = graph.parameters();
        GradientSum.add(parameters, Gradients.of(product, parameters));
        return graph;
    }

    @Override
    public Result run(Batch batch) {
        Deal deal = Deal.of(views, films, part, seed, batch.number());
        embedding.runParts(films / part, i -> fill(embedding, batch.parts(), deal, i), i -> {
            gather(embedding.output(ROWS), contrast.input(ROWS), deal, i);
            if (keyed) {
                gather(embedding.output(KEYS), contrast.input(KEYS), deal, i);
            }
        });
        contrast.run();
        backward.runParts(films / part, i -> {
            fill(backward, batch.parts(), deal, i);
            scatter(contrast.output(UPSTREAM), backward.input(UPSTREAM), deal, i);
        }, i -> { });
        double norm = sum.apply(batch.rate(), batch.decay());
        return new Result(contrast.output(LOSS).get(0), norm, contrast.input(ROWS).toFloats(),
            ranked ? BackboneStep.integers(contrast, RANKS) : new int[0]);
    }

    /** Copies the clips that are computed together out of the parts that films were loaded in. */
    private void fill(Program program, List<ByteBuffer> parts, Deal deal, int group) {
        ByteBuffer frames = program.input(FRAMES).buffer();
        int clip = frames.capacity() / (views * part);
        for (int view = 0; view < views; view++) {
            for (int k = 0; k < part; k++) {
                int film = deal.film(group, view, k);
                ByteBuffer loaded = parts.get(film / part);
                frames.put((view * part + k) * clip, loaded, (view * part + film % part) * clip, clip);
            }
        }
    }

    private void gather(HostArray group, HostArray all, Deal deal, int index) {
        for (int view = 0; view < views; view++) {
            for (int k = 0; k < part; k++) {
                copy(group, view * part + k, all, view * films + deal.film(index, view, k));
            }
        }
    }

    private void scatter(HostArray all, HostArray group, Deal deal, int index) {
        for (int view = 0; view < views; view++) {
            for (int k = 0; k < part; k++) {
                copy(all, view * films + deal.film(index, view, k), group, view * part + k);
            }
        }
    }

    private void copy(HostArray from, int fromRow, HostArray to, int toRow) {
        for (int k = 0; k < width; k++) {
            to.set(toRow * width + k, from.get(fromRow * width + k));
        }
    }

    @Override
    public void close() {
        embedding.close();
        contrast.close();
        backward.close();
        sum.close();
    }
}
