package dev.kinema.cli;

import dev.kinema.Version;
import dev.kinema.checkpoint.Npy;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.embed.MovieFeatures;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The files that one film becomes. */
final class FeatureFiles {
    /** What is written. */
    enum Format { NPY, SAFETENSORS }

    private FeatureFiles() {
    }

    /** File names by what is in them, as they go into the index: {@code features}, {@code events}, {@code tensors}. */
    static Map<String, String> names(String name, Set<Format> formats, boolean events) {
        Map<String, String> names = new LinkedHashMap<>();
        if (formats.contains(Format.NPY)) {
            names.put("features", name + ".features.npy");
            if (events) {
                names.put("events", name + ".events.npy");
            }
        }
        if (formats.contains(Format.SAFETENSORS)) {
            names.put("tensors", name + ".safetensors");
        }
        return names;
    }

    /** Writes them, each atomically. */
    static void write(Path folder, Map<String, String> names, MovieFeatures film, String weights) {
        if (names.containsKey("features")) {
            Npy.write(folder.resolve(names.get("features")), film.features());
        }
        if (names.containsKey("events")) {
            Npy.write(folder.resolve(names.get("events")), film.events().orElseThrow());
        }
        if (names.containsKey("tensors")) {
            Map<String, HostArray> tensors = new LinkedHashMap<>();
            tensors.put("features", film.features());
            film.events().ifPresent(events -> tensors.put("events", events));
            tensors.put("times", film.times());
            tensors.put("frame_times", film.frameTimes());
            Safetensors.write(folder.resolve(names.get("tensors")), tensors, metadata(film, weights));
        }
    }

    private static Map<String, String> metadata(MovieFeatures film, String weights) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("film", film.film().getFileName().toString());
        metadata.put("features", "one row per clip [T, width]");
        metadata.put("times", "start and end of each clip [T, 2], seconds from the start of the video");
        metadata.put("frame_times", "presentation time of each frame taken [T, frames], seconds from the start of the video");
        metadata.put("hop_seconds", Double.toString(film.plan().hop()));
        metadata.put("frame_interval_seconds", Double.toString(film.plan().interval()));
        metadata.put("weights_sha256", weights);
        metadata.put("writer", "kinema " + Version.CURRENT);
        return metadata;
    }
}
