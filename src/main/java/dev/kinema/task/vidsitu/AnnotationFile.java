package dev.kinema.task.vidsitu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Reads an annotation file: of each clip, and each annotator, five events with verbs, roles and relations. */
final class AnnotationFile {
    private static final String CLIP = "vid_seg_int";
    private static final String RELATION = "EvRel";
    private static final String TEXTS = "Args";
    private static final String POSITIONS = "Arg_List";

    private final boolean answered;
    private final boolean roles;
    /** Verbs and names of roles, which are few, so that a hundred thousand events share them. */
    private final Map<String, String> shared = new HashMap<>();

    private AnnotationFile(Split split) {
        this.answered = split.isAnswered();
        this.roles = split.hasRoles();
    }

    /**
     * Reads a file.
     *
     * @param split decides what may be hidden: roles and relations of test sets
     * @param leftOut ids of clips whose records are passed over, malformed or not
     * @param bad takes the error of a record, which is then left out
     */
    static void read(Path file, Split split, Set<String> leftOut, Consumer<Annotation> to, Consumer<KinemaException> bad) {
        AnnotationFile reader = new AnnotationFile(split);
        JsonRecords.read(file, Strictness.STRICT, element -> {
            String clip = clipOf(element.value());
            if (clip != null && leftOut.contains(clip)) {
                return;
            }
            Annotation annotation;
            try {
                annotation = reader.annotation(RecordFields.of(file, element, clip));
            } catch (KinemaException e) {
                bad.accept(e);
                return;
            }
            to.accept(annotation);
        });
    }

    /** The first id in the record, to name it by. */
    private static String clipOf(JsonElement value) {
        if (value instanceof JsonObject record) {
            for (JsonElement event : record.asMap().values()) {
                if (event instanceof JsonObject fields && fields.get(CLIP) instanceof JsonPrimitive id) {
                    return id.getAsString();
                }
            }
        }
        return null;
    }

    private Annotation annotation(RecordFields fields) {
        List<Event> events = new ArrayList<>();
        Clip clip = null;
        for (int i = 0; i < Clip.EVENTS; i++) {
            RecordFields event = fields.object("Ev" + (i + 1));
            Clip own = InfoFile.clip(event, CLIP);
            if (clip != null && !clip.equals(own)) {
                throw event.refused(CLIP, "is '" + own + "', but that of Ev1 is '" + clip + "': " + JsonRecords.REMEDY);
            }
            clip = own;
            events.add(event(event, i));
        }
        return new Annotation(clip, events);
    }

    private Event event(RecordFields fields, int number) {
        String verbId = fields.text("VerbID");
        if (verbId.isBlank()) {
            throw fields.refused("VerbID", "is empty: " + JsonRecords.REMEDY);
        }
        return new Event(shared(fields.text("Verb")), shared(verbId), roles(fields), relation(fields, number));
    }

    private String shared(String text) {
        String before = shared.putIfAbsent(text, text);
        return before == null ? text : before;
    }

    private Optional<Relation> relation(RecordFields fields, int number) {
        if (number == Relation.PIVOT) {
            // "Null" is what the toolkit fills in there
            if (fields.has(RELATION) && !fields.text(RELATION).equals("Null")) {
                throw fields.refused(RELATION, "is " + Quoted.of(fields.text(RELATION)) + ", but Ev3 is what the others are related to: "
                    + "remove it");
            }
            return Optional.empty();
        }
        if (!answered && !fields.has(RELATION)) {
            return Optional.empty();
        }
        String label = fields.text(RELATION);
        Optional<Relation> relation = Relation.of(label);
        if (relation.isEmpty()) {
            throw fields.refused(RELATION, "is " + Quoted.of(label) + ", and relations are " + Relation.labels() + ": "
                + JsonRecords.REMEDY);
        }
        return relation;
    }

    private List<Role> roles(RecordFields fields) {
        if (!roles && !(fields.has(TEXTS) && fields.has(POSITIONS))) {
            return List.of();
        }
        RecordFields texts = fields.object(TEXTS);
        RecordFields positions = fields.object(POSITIONS);
        for (String name : positions.names()) {
            if (!texts.names().contains(name)) {
                throw texts.refused(name, "is missing, but " + POSITIONS + " has its position: " + JsonRecords.REMEDY);
            }
        }
        Map<Integer, Role> ordered = new TreeMap<>();
        for (String name : texts.names()) {
            String text = texts.text(name);
            RoleCode code = RoleCode.ofName(name).orElseThrow(() -> texts.refused(name, Role.NO_ROLE));
            Role before = ordered.put(position(positions, name), new Role(shared(name), code, text));
            if (before != null) {
                throw positions.refused(name, "has the position of '" + before.name() + "' too: give each its own");
            }
        }
        return List.copyOf(ordered.values());
    }

    private static int position(RecordFields positions, String name) {
        if (!positions.has(name)) {
            throw positions.refused(name, "is missing: each role of " + TEXTS + " needs a position");
        }
        String text = positions.text(name);
        if (!text.matches("[0-9]{1,3}")) {
            throw positions.refused(name, "is " + Quoted.of(text) + ", not a position such as '0': " + JsonRecords.REMEDY);
        }
        return Integer.parseInt(text);
    }
}
