package dev.kinema.task;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.model.Decoder;
import dev.kinema.model.TextConfig;
import java.util.Arrays;
import java.util.List;

/** Fills the inputs that {@link Decoder#texts} declares with texts to learn from. */
public final class TextBatch {
    private final TextConfig config;

    public TextBatch(TextConfig config) {
        this.config = config;
    }

    /**
     * Each text is read without its last token, and asked for without its first: the end token, where it is to be learned, is part of the
     * text. Rows of the program without a text are all padding, which counts in no loss.
     *
     * @throws KinemaException if there are more texts than rows, or one does not fit or holds pad or no token of the vocabulary, or more is
     *     to be asked for than the program has places
     */
    public void put(Program program, List<int[]> texts) {
        HostArray tokens = program.input(Decoder.TOKENS);
        HostArray padding = program.input(Decoder.PADDING);
        int rows = tokens.shape().dim(0);
        int length = tokens.shape().dim(1);
        if (texts.size() > rows) {
            throw new KinemaException(texts.size() + " texts do not fit into a batch of " + rows + ": give fewer");
        }
        for (int i = 0; i < texts.size(); i++) {
            check(texts.get(i), i, length);
        }
        for (int r = 0; r < rows; r++) {
            int[] text = r < texts.size() ? texts.get(r) : new int[0];
            for (int t = 0; t < length; t++) {
                boolean there = t + 1 < text.length;
                tokens.set(r * length + t, (long) (there ? text[t] : config.pad()));
                padding.set(r * length + t, there ? 0L : 1L);
            }
        }
        if (program.input(Decoder.TARGETS).shape().rank() == 1) {
            askAtPlaces(program, texts, length);
        } else {
            askEverywhere(program.input(Decoder.TARGETS), texts, length);
        }
    }

    private void askEverywhere(HostArray targets, List<int[]> texts, int length) {
        for (int i = 0; i < targets.elements(); i++) {
            int[] text = i / length < texts.size() ? texts.get(i / length) : new int[0];
            int t = i % length + 1;
            targets.set(i, (long) (t < text.length ? text[t] : config.pad()));
        }
    }

    /** Places that are left over are the first one, where then nothing is asked for. */
    private void askAtPlaces(Program program, List<int[]> texts, int length) {
        HostArray targets = program.input(Decoder.TARGETS);
        HostArray places = program.input(Decoder.ASKED);
        int asked = texts.stream().mapToInt(text -> text.length - 1).sum();
        if (asked > places.elements()) {
            throw new KinemaException("these texts ask for " + asked + " tokens, and the program for " + places.elements()
                + ": give fewer texts, or build the graph for more");
        }
        int k = 0;
        for (int r = 0; r < texts.size(); r++) {
            for (int t = 1; t < texts.get(r).length; t++) {
                places.set(k, (long) r * length + t - 1);
                targets.set(k++, (long) texts.get(r)[t]);
            }
        }
        for (; k < places.elements(); k++) {
            places.set(k, 0L);
            targets.set(k, (long) config.pad());
        }
    }

    private void check(int[] text, int index, int length) {
        if (text.length < 2 || text.length > length + 1) {
            throw new KinemaException("text " + index + " has " + text.length + " tokens, and this batch takes 2 to " + (length + 1)
                + ": cut it, or build the graph for longer texts");
        }
        for (int token : text) {
            if (token < 0 || token >= config.vocabulary() || token == config.pad()) {
                throw new KinemaException("text " + index + " " + Arrays.toString(text) + " holds " + token + ", which is pad or not one of"
                    + " the " + config.vocabulary() + " tokens: give texts without padding");
            }
        }
    }
}
