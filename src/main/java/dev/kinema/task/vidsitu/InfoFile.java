package dev.kinema.task.vidsitu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Reads a vinfo file: of each clip where it is from, and in validation which verbs people chose for its events. */
final class InfoFile {
    private static final String CLIP = "vid_seg_int";
    private static final String VOTES = "vbid_lst";

    /**
     * A record of the file.
     *
     * @param votes for each event the verb senses of the first {@link Split#VOTES} people; empty where the record has none
     */
    record Info(Clip clip, List<List<String>> votes) {
    }

    private InfoFile() {
    }

    /**
     * Reads a file. NaN is read, which Python writes where a film's year is not known.
     *
     * @param voted whether each record must have votes
     * @param leftOut ids of clips whose records are passed over, malformed or not
     * @param bad takes the error of a record, which is then left out
     */
    static void read(Path file, boolean voted, Set<String> leftOut, Consumer<Info> to, Consumer<KinemaException> bad) {
        JsonRecords.read(file, Strictness.LENIENT, element -> {
            String clip = clipOf(element.value());
            if (clip != null && leftOut.contains(clip)) {
                return;
            }
            Info info;
            try {
                info = info(RecordFields.of(file, element, clip), voted);
            } catch (KinemaException e) {
                bad.accept(e);
                return;
            }
            to.accept(info);
        });
    }

    private static String clipOf(JsonElement value) {
        return value instanceof JsonObject object && object.get(CLIP) instanceof JsonPrimitive id ? id.getAsString() : null;
    }

    private static Info info(RecordFields fields, boolean voted) {
        Clip clip = clip(fields, CLIP);
        requireSecond(fields, "start", clip.start());
        requireSecond(fields, "end", clip.end());
        List<List<String>> votes = new ArrayList<>();
        if (voted || fields.has(VOTES)) {
            RecordFields events = fields.object(VOTES);
            for (int i = 1; i <= Clip.EVENTS; i++) {
                votes.add(votes(events, "Ev" + i));
            }
        }
        return new Info(clip, votes);
    }

    static Clip clip(RecordFields fields, String name) {
        String id = fields.text(name);
        Optional<Clip> clip = Clip.find(id);
        return clip.orElseThrow(() -> fields.refused(name, Quoted.of(id) + " " + Clip.NO_ID));
    }

    private static void requireSecond(RecordFields fields, String name, int expected) {
        if (fields.has(name) && fields.number(name) != expected) {
            throw fields.refused(name, "is " + fields.number(name) + ", but the clip's id says " + expected + ": correct one of the two");
        }
    }

    private static List<String> votes(RecordFields events, String event) {
        List<String> votes = events.texts(event);
        if (votes.size() < Split.LEAST_VOTES) {
            throw events.refused(event, "has " + votes.size() + " verbs, and " + Split.LEAST_VOTES + " are needed, of which the first "
                + Split.VOTES + " count: complete it, or leave the clip out");
        }
        if (votes.contains("")) {
            throw events.refused(event + "[" + votes.indexOf("") + "]", "is an empty text, not a verb: " + JsonRecords.REMEDY);
        }
        return List.copyOf(votes.subList(0, Math.min(Split.VOTES, votes.size())));
    }
}
