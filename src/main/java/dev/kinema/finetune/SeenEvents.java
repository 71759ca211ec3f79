package dev.kinema.finetune;

import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Reshape;
import dev.kinema.nn.Pass;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Situation;
import java.util.List;

/**
 * What is seen of events, as a task's head reads it: one vector an event, in context or not.
 *
 * @param encoder from features to these vectors
 * @param features of all clips
 */
record SeenEvents(EventEncoder encoder, EventFeatures features) {
    private static final String FEATURES = "features";
    /** Vectors that a text is about. */
    static final int MEMORY_LENGTH = 1;

    /** Vectors [clips * 5, width] of clips' events, of the input that {@link #put} fills. */
    Value vectors(Pass pass, int clips) {
        return encoded(pass, clips, Shape.of(clips * Clip.EVENTS, encoder.outputWidth()));
    }

    /** The same as memory [clips * 5, 1, width] of a decoder: each event's text is about that event's vector. */
    Value memory(Pass pass, int clips) {
        return encoded(pass, clips, Shape.of(clips * Clip.EVENTS, MEMORY_LENGTH, encoder.outputWidth()));
    }

    private Value encoded(Pass pass, int clips, Shape shape) {
        Value seen = pass.graph().input(FEATURES, DType.F32, Shape.of(clips, Clip.EVENTS, encoder.inputWidth()));
        return Reshape.of(encoder.apply(pass, seen), shape);
    }

    /** Gives a program some clips, at most as many as it takes; the rest are zeros. */
    void put(Program program, List<Situation> clips) {
        HostArray input = program.input(FEATURES);
        float[] values = new float[input.elements()];
        for (int i = 0; i < clips.size(); i++) {
            features.copy(clips.get(i).clip().id(), values, i * Clip.EVENTS * encoder.inputWidth());
        }
        input.put(values);
    }
}
