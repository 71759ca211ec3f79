package dev.kinema.task.vidsitu;

import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Reads a split's file: a list of clip ids. */
final class SplitFile {
    private SplitFile() {
    }

    /** @param bad takes the error of an entry, which is then left out */
    static List<Clip> read(Path file, Consumer<KinemaException> bad) {
        List<Clip> clips = new ArrayList<>();
        Map<String, Integer> seen = new HashMap<>();
        JsonRecords.read(file, Strictness.STRICT, element -> {
            try {
                Clip clip = clip(file, element);
                Integer before = seen.put(clip.id(), element.number());
                if (before != null) {
                    throw new KinemaException(file + ", record " + element.number() + ": the clip '" + clip + "' is record " + before
                        + " already: remove one of the two");
                }
                clips.add(clip);
            } catch (KinemaException e) {
                bad.accept(e);
            }
        });
        return clips;
    }

    private static Clip clip(Path file, JsonRecords.Element element) {
        if (!(element.value() instanceof JsonPrimitive id) || !id.isString()) {
            throw new KinemaException(file + ", record " + element.number() + ": is no text, and so no clip's id: " + JsonRecords.REMEDY);
        }
        return Clip.find(id.getAsString()).orElseThrow(() -> new KinemaException(file + ", record " + element.number() + ": "
            + Quoted.of(id.getAsString()) + " " + Clip.NO_ID));
    }
}
