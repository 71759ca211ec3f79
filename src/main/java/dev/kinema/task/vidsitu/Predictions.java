package dev.kinema.task.vidsitu;

import com.google.gson.stream.JsonWriter;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import java.io.BufferedWriter;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A model's predictions of a split, one for each clip: from memory, or from a file as the leaderboards take it. Such a file is a pickled
 * list of dictionaries ({@code ann_idx}, and {@code pred_vbs_ev}, {@code vb_output} or {@code pred_evrels_ev}) or the same as JSON. A clip
 * that is there more than once with the same answers, as samplers of distributed runs make it, counts once; with different answers it is an
 * error. Whatever is malformed is one that names file, clip and field.
 */
public final class Predictions<P extends Prediction> {
    private final String source;
    private final PredictionForm<P> form;
    private final Map<Integer, P> predictions;
    private final int repeated;

    Predictions(String source, PredictionForm<P> form, Map<Integer, P> predictions, int repeated) {
        this.source = source;
        this.form = form;
        this.predictions = new TreeMap<>(predictions);
        this.repeated = repeated;
    }

    private static <P extends Prediction> Predictions<P> of(PredictionForm<P> form, List<P> predictions) {
        Map<Integer, P> byIndex = new HashMap<>();
        for (P prediction : predictions) {
            if (byIndex.put(prediction.index(), prediction) != null) {
                throw new IllegalArgumentException("clip " + prediction.index() + " is predicted twice: give one prediction");
            }
        }
        return new Predictions<>("the predictions", form, byIndex, 0);
    }

    /** Verbs, of one clip each. */
    public static Predictions<VerbPrediction> ofVerbs(List<VerbPrediction> predictions) {
        return of(PredictionForm.VERBS, predictions);
    }

    /** Roles, of one clip each. */
    public static Predictions<RolePrediction> ofRoles(List<RolePrediction> predictions) {
        return of(PredictionForm.ROLES, predictions);
    }

    /** Relations, of one clip each. */
    public static Predictions<RelationPrediction> ofRelations(List<RelationPrediction> predictions) {
        return of(PredictionForm.RELATIONS, predictions);
    }

    /**
     * Reads verbs.
     *
     * @param dataset its list of the split names the clips; predictions of those that it leaves out are passed over
     * @throws KinemaException if the file cannot be read, is malformed, or has no place in the split
     */
    public static Predictions<VerbPrediction> readVerbs(Path file, VidSituDataset dataset, Split split) {
        return PredictionFile.read(file, PredictionForm.VERBS, dataset, split);
    }

    /** Reads roles, as {@link #readVerbs} does. */
    public static Predictions<RolePrediction> readRoles(Path file, VidSituDataset dataset, Split split) {
        return PredictionFile.read(file, PredictionForm.ROLES, dataset, split);
    }

    /** Reads relations, as {@link #readVerbs} does. */
    public static Predictions<RelationPrediction> readRelations(Path file, VidSituDataset dataset, Split split) {
        return PredictionFile.read(file, PredictionForm.RELATIONS, dataset, split);
    }

    /** Writes them as JSON, in the order of their clips. */
    public void write(Path file) {
        AtomicFile.write(file, channel -> {
            BufferedWriter text = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
            // neither is closed: the channel is not ours
            JsonWriter out = new JsonWriter(text);
            out.beginArray();
            for (P prediction : predictions.values()) {
                text.write('\n');
                out.beginObject();
                out.name(PredictionForm.INDEX).value(prediction.index());
                form.write(out, prediction);
                out.endObject();
            }
            text.write('\n');
            out.endArray();
            text.write('\n');
            out.flush();
        });
    }

    /** The prediction of a clip, by {@link Situation#index}; empty where there is none. */
    public Optional<P> of(int index) {
        return Optional.ofNullable(predictions.get(index));
    }

    /** In the order of their clips. */
    public List<P> all() {
        return List.copyOf(predictions.values());
    }

    /** How many records a file had besides these, of clips that it had already. */
    public int repeated() {
        return repeated;
    }

    /** Where they are from, for messages. */
    String source() {
        return source;
    }
}
