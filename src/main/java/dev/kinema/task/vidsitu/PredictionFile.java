package dev.kinema.task.vidsitu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Reads a file of predictions of a split. */
final class PredictionFile<P extends Prediction> {
    private final Path file;
    private final PredictionForm<P> form;
    private final Split split;
    private final List<Clip> clips;
    private final Set<String> leftOut;
    private final Map<Integer, P> predictions = new HashMap<>();
    /** The record that each clip's prediction is in. */
    private final Map<Integer, Integer> records = new HashMap<>();
    private int repeated;

    private PredictionFile(Path file, PredictionForm<P> form, VidSituDataset dataset, Split split) {
        this.file = file;
        this.form = form;
        this.split = split;
        this.leftOut = dataset.leftOut();
        this.clips = dataset.without(Set.of()).clips(split);
    }

    /** Reads a file. Predictions of clips that the dataset leaves out are passed over, malformed or not. */
    static <P extends Prediction> Predictions<P> read(Path file, PredictionForm<P> form, VidSituDataset dataset, Split split) {
        PredictionFile<P> reader = new PredictionFile<>(file, form, dataset, split);
        Consumer<JsonRecords.Element> keep = reader::keep;
        if (PickledRecords.is(file)) {
            PickledRecords.read(file, keep);
        } else {
            JsonRecords.read(file, Strictness.STRICT, keep);
        }
        return new Predictions<>(file.toString(), form, reader.predictions, reader.repeated);
    }

    private void keep(JsonRecords.Element element) {
        String clip = clipOf(element.value());
        if (clip != null && leftOut.contains(clip)) {
            return;
        }
        RecordFields fields = RecordFields.of(file, element, clip);
        if (clip == null) {
            double index = fields.number(PredictionForm.INDEX);
            throw fields.refused(PredictionForm.INDEX, "is " + new JsonPrimitive(index).getAsString().replaceFirst("\\.0$", "")
                + ", which is no place in the list of " + split.label() + ", 0 to " + (clips.size() - 1) + ": predict for this split");
        }
        int index = element.value().getAsJsonObject().get(PredictionForm.INDEX).getAsInt();
        P prediction = form.read(index, fields);
        P before = predictions.putIfAbsent(index, prediction);
        if (before == null) {
            records.put(index, element.number());
        } else if (before.answers().equals(prediction.answers())) {
            repeated++;
        } else {
            throw fields.refused(PredictionForm.INDEX, "is that of record " + records.get(index)
                + " too, whose answers are others: remove one of the two (the leaderboard takes the first)");
        }
    }

    /** The clip that a record's index says; null where it says none. */
    private String clipOf(JsonElement value) {
        if (!(value instanceof JsonObject record) || !(record.get(PredictionForm.INDEX) instanceof JsonPrimitive index)
                || !index.isNumber()) {
            return null;
        }
        double place = index.getAsDouble();
        return place == Math.rint(place) && place >= 0 && place < clips.size() ? clips.get((int) place).id() : null;
    }
}
