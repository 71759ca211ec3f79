package dev.kinema.task.vidsitu;

import com.google.gson.stream.JsonWriter;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes the dataset's files in the release's form. */
final class DatasetWriter {
    /** Something that writes JSON. */
    private interface Content {
        void write(JsonWriter out) throws IOException;
    }

    private final DatasetLayout layout;

    DatasetWriter(DatasetLayout layout) {
        this.layout = layout;
    }

    private static void list(Path file, Content content) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            Files.createDirectories(file.getParent());
            out.beginArray();
            content.write(out);
            out.endArray();
        } catch (IOException e) {
            throw new KinemaException(file + ": its folder cannot be made (" + e + "): choose another place", e);
        }
        AtomicFile.writeText(file, text + "\n");
    }

    void clips(Split split, List<Clip> clips) {
        list(layout.split(split), out -> {
            for (Clip clip : clips) {
                out.value(clip.id());
            }
        });
    }

    /** Where clips are from and, where they have some, the votes. */
    void infos(Split split, List<Situation> situations) {
        list(layout.info(split), out -> {
            for (Situation situation : situations) {
                info(out, situation);
            }
        });
    }

    private static void info(JsonWriter out, Situation situation) throws IOException {
        Clip clip = situation.clip();
        out.beginObject();
        out.name("vid_uid").value(clip.video());
        out.name("vid_seg_int").value(clip.id());
        out.name("name").value(clip.video());
        out.name("start").value(clip.start());
        out.name("end").value(clip.end());
        out.name("movie_name").value("made up");
        if (!situation.votes().isEmpty()) {
            List<Event> agreed = situation.annotations().get(0).events();
            out.name("vb_to_use").beginObject();
            for (int i = 0; i < Clip.EVENTS; i++) {
                out.name("Ev" + (i + 1)).value(agreed.get(i).verb());
            }
            out.endObject();
            out.name("vbid_lst").beginObject();
            for (int i = 0; i < Clip.EVENTS; i++) {
                out.name("Ev" + (i + 1)).beginArray();
                for (String verb : situation.votes().get(i)) {
                    out.value(verb);
                }
                out.endArray();
            }
            out.endObject();
        }
        out.endObject();
    }

    /**
     * Annotations, those of a clip one after another. Of test sets what is asked for is left out, and so is the file where that is all.
     */
    void annotations(Split split, List<Situation> situations) {
        if (split == Split.TEST_VERBS) {
            return;
        }
        list(layout.annotations(split), out -> {
            for (Situation situation : situations) {
                for (Annotation annotation : situation.annotations()) {
                    out.beginObject();
                    for (int i = 0; i < Clip.EVENTS; i++) {
                        out.name("Ev" + (i + 1));
                        event(out, split, annotation.clip(), annotation.events().get(i));
                    }
                    out.endObject();
                }
            }
        });
    }

    private static void event(JsonWriter out, Split split, Clip clip, Event event) throws IOException {
        out.beginObject();
        out.name("vid_uid").value(clip.video());
        out.name("vid_seg_int").value(clip.id());
        if (split.isAnswered() && event.relation().isPresent()) {
            out.name("EvRel").value(event.relation().get().label());
        }
        out.name("Verb").value(event.verb());
        out.name("VerbID").value(event.verbId());
        if (split.hasRoles()) {
            out.name("Args").beginObject();
            for (Role role : event.roles()) {
                out.name(role.name()).value(role.text());
            }
            out.endObject();
            out.name("Arg_List").beginObject();
            for (int i = 0; i < event.roles().size(); i++) {
                out.name(event.roles().get(i).name()).value(Integer.toString(i));
            }
            out.endObject();
        }
        out.endObject();
    }
}
