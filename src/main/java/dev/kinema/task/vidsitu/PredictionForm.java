package dev.kinema.task.vidsitu;

import com.google.gson.stream.JsonWriter;
import dev.kinema.metric.Verbs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How predictions of a task are written as records of the leaderboard's files. */
interface PredictionForm<P extends Prediction> {
    String INDEX = "ann_idx";
    PredictionForm<VerbPrediction> VERBS = new OfVerbs();
    PredictionForm<RolePrediction> ROLES = new OfRoles();
    PredictionForm<RelationPrediction> RELATIONS = new OfRelations();

    /** Reads what is there besides the index. */
    P read(int index, RecordFields fields);

    /** Writes what is there besides the index. */
    void write(JsonWriter out, P prediction) throws IOException;

    /** That scores are those of some events, or none. */
    static void checkScores(List<List<Double>> scores, int events) {
        if (!scores.isEmpty() && scores.size() != events) {
            throw new IllegalArgumentException("scores of " + scores.size() + " events: give them for " + events + " or not at all");
        }
        if (scores.stream().flatMap(List::stream).anyMatch(score -> !Double.isFinite(score))) {
            throw new IllegalArgumentException("a score is not finite: the model that gave it is broken");
        }
    }

    private static List<List<Double>> scores(RecordFields fields, String name, int events) {
        List<List<Double>> scores = fields.has(name) ? fields.numberRows(name) : List.of();
        if (!scores.isEmpty() && scores.size() != events) {
            throw fields.refused(name, "has scores of " + scores.size() + " events, not of " + events + ": complete it, or remove it");
        }
        return scores;
    }

    /** Rows, one for each event, of so many items at least. */
    private static List<List<String>> answers(RecordFields fields, String name, int events, int least) {
        List<List<String>> rows = fields.textRows(name);
        if (rows.size() != events) {
            throw fields.refused(name, "has " + rows.size() + " events, not " + events + ": complete it");
        }
        for (int i = 0; i < events; i++) {
            if (rows.get(i).size() < least) {
                throw fields.refused(name + "[" + i + "]", "has " + rows.get(i).size() + " predictions, and " + least
                    + " are needed: complete it");
            }
        }
        return rows;
    }

    private static void write(JsonWriter out, String name, List<List<String>> rows) throws IOException {
        out.name(name).beginArray();
        for (List<String> row : rows) {
            out.beginArray();
            for (String text : row) {
                out.value(text);
            }
            out.endArray();
        }
        out.endArray();
    }

    private static void writeScores(JsonWriter out, String name, List<List<Double>> rows) throws IOException {
        if (rows.isEmpty()) {
            return;
        }
        out.name(name).beginArray();
        for (List<Double> row : rows) {
            out.beginArray();
            for (double score : row) {
                out.value(score);
            }
            out.endArray();
        }
        out.endArray();
    }

    /** Five rows of verbs. */
    final class OfVerbs implements PredictionForm<VerbPrediction> {
        private static final String VERBS = "pred_vbs_ev";
        private static final String SCORES = "pred_scores_ev";

        @Override
        public VerbPrediction read(int index, RecordFields fields) {
            List<List<String>> verbs = answers(fields, VERBS, Clip.EVENTS, Verbs.DEPTH);
            for (int i = 0; i < verbs.size(); i++) {
                if (verbs.get(i).contains("")) {
                    throw fields.refused(VERBS + "[" + i + "][" + verbs.get(i).indexOf("") + "]", "is an empty text, not a verb: "
                        + JsonRecords.REMEDY);
                }
            }
            return new VerbPrediction(index, verbs, scores(fields, SCORES, Clip.EVENTS));
        }

        @Override
        public void write(JsonWriter out, VerbPrediction prediction) throws IOException {
            PredictionForm.write(out, VERBS, prediction.verbs());
            writeScores(out, SCORES, prediction.scores());
        }
    }

    /** An object with five events. */
    final class OfRoles implements PredictionForm<RolePrediction> {
        private static final String EVENTS = "vb_output";
        private static final String VERB = "vb_id";

        @Override
        public RolePrediction read(int index, RecordFields fields) {
            RecordFields output = fields.object(EVENTS);
            List<RolePrediction.Texts> events = new ArrayList<>();
            for (int i = 1; i <= Clip.EVENTS; i++) {
                RecordFields event = output.object("Ev" + i);
                Map<String, String> roles = new LinkedHashMap<>();
                event.names().stream().filter(name -> !name.equals(VERB)).forEach(name -> roles.put(name, event.text(name)));
                events.add(new RolePrediction.Texts(event.has(VERB) ? Optional.of(event.text(VERB)) : Optional.empty(), roles));
            }
            if (output.names().size() > Clip.EVENTS) {
                String other = output.names().stream().filter(name -> !name.matches("Ev[1-5]")).findFirst().orElseThrow();
                throw output.refused(other, "is no event, which are Ev1 to Ev5: remove it");
            }
            return new RolePrediction(index, events);
        }

        @Override
        public void write(JsonWriter out, RolePrediction prediction) throws IOException {
            out.name(EVENTS).beginObject();
            for (int i = 0; i < Clip.EVENTS; i++) {
                RolePrediction.Texts event = prediction.events().get(i);
                out.name("Ev" + (i + 1)).beginObject();
                if (event.verb().isPresent()) {
                    out.name(VERB).value(event.verb().get());
                }
                for (Map.Entry<String, String> role : event.roles().entrySet()) {
                    out.name(role.getKey()).value(role.getValue());
                }
                out.endObject();
            }
            out.endObject();
        }
    }

    /** Four rows of labels. */
    final class OfRelations implements PredictionForm<RelationPrediction> {
        private static final String LABELS = "pred_evrels_ev";
        private static final String SCORES = "pred_scores_ev";

        @Override
        public RelationPrediction read(int index, RecordFields fields) {
            List<List<String>> rows = answers(fields, LABELS, Relation.RELATED.size(), RelationPrediction.VOTES);
            for (int i = 0; i < rows.size(); i++) {
                for (int j = 0; j < rows.get(i).size(); j++) {
                    checkLabel(fields, LABELS + "[" + i + "][" + j + "]", rows.get(i).get(j));
                }
            }
            return new RelationPrediction(index, rows, scores(fields, SCORES, Relation.RELATED.size()));
        }

        private static void checkLabel(RecordFields fields, String name, String label) {
            if (Relation.of(label).isEmpty() && !label.equals(RelationPrediction.NONE)) {
                throw fields.refused(name, "is " + Quoted.of(label) + ", and relations are " + Relation.labels() + ": "
                    + JsonRecords.REMEDY);
            }
        }

        @Override
        public void write(JsonWriter out, RelationPrediction prediction) throws IOException {
            PredictionForm.write(out, LABELS, prediction.relations());
            writeScores(out, SCORES, prediction.scores());
        }
    }
}
