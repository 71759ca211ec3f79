package dev.kinema.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.video.Damage;
import java.nio.file.Path;
import java.util.Map;

/** What the index says of one film. */
final class FilmEntry {
    private FilmEntry() {
    }

    /**
     * @param key the film's path, the same however it is reached
     * @param identity of the film before it was read
     * @param seconds how long encoding took
     */
    static JsonObject of(Path key, String name, Map<String, String> files, MovieFeatures film, JsonObject identity, JsonObject settings,
            boolean random, double seconds) {
        JsonObject entry = new JsonObject();
        entry.addProperty("film", key.toString());
        entry.addProperty("name", name);
        entry.add("identity", identity);
        entry.add("settings", settings.deepCopy());
        entry.addProperty("random_weights", random);
        entry.addProperty("clips", film.clips());
        entry.addProperty("feature_width", film.features().shape().last());
        film.events().ifPresent(events -> entry.addProperty("event_width", events.shape().last()));
        entry.addProperty("clip_seconds", film.plan().span());
        JsonArray starts = new JsonArray();
        for (int k = 0; k < film.clips(); k++) {
            starts.add(film.start(k));
        }
        entry.add("start_seconds", starts);
        entry.add("damage", damage(film.damage()));
        entry.addProperty("encoding_seconds", Math.round(seconds * 1000) / 1000.0);
        JsonObject names = new JsonObject();
        files.forEach(names::addProperty);
        entry.add("files", names);
        return entry;
    }

    private static JsonObject damage(Damage damage) {
        JsonObject json = new JsonObject();
        json.addProperty("found", !damage.isNone());
        json.addProperty("description", damage.describe());
        json.addProperty("damaged_frames", damage.damagedFrames());
        json.addProperty("lost_packets", damage.lostPackets());
        json.addProperty("missing_frames", damage.missingFrames());
        json.addProperty("missing_seconds", damage.missingSeconds());
        json.addProperty("disordered_frames", damage.disorderedFrames());
        return json;
    }
}
