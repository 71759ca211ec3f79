package dev.kinema.cli;

import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.embed.ClipFeature;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The clips of a film that were encoded before it was finished, kept in a hidden file of the output folder, so that a long film which is
 * interrupted goes on where it was. What was kept counts only for the same film under the same settings.
 */
final class UnfinishedFilm {
    private static final String CLIPS = "features";

    private final Path file;
    private final Map<String, String> key = new LinkedHashMap<>();

    /**
     * @param film the one path it has however it is reached
     * @param identity what tells that it is still the same file
     */
    UnfinishedFilm(Path folder, Path film, JsonObject identity, JsonObject settings) {
        file = folder.resolve("." + UUID.nameUUIDFromBytes(film.toString().getBytes(StandardCharsets.UTF_8)) + ".unfinished");
        key.put("film", film.toString());
        key.put("identity", identity.toString());
        key.put("settings", settings.toString());
    }

    /** The clips kept, from the first on; none where nothing was, or of another film or other settings. */
    List<ClipFeature> clips() {
        List<ClipFeature> clips = new ArrayList<>();
        if (!Files.isRegularFile(file)) {
            return clips;
        }
        try (Safetensors kept = Safetensors.open(file)) {
            if (!key.entrySet().stream().allMatch(e -> e.getValue().equals(kept.metadata().get(e.getKey())))) {
                return clips;
            }
            float[] values = kept.read(CLIPS).toFloats();
            double[] times = kept.read("times").toDoubles();
            double[] frameTimes = kept.read("frame_times").toDoubles();
            int count = times.length / 2;
            for (int k = 0; k < count; k++) {
                clips.add(new ClipFeature(k, times[2 * k], times[2 * k + 1], row(frameTimes, count, k), row(values, count, k)));
            }
        }
        return clips;
    }

    private static double[] row(double[] all, int rows, int k) {
        int width = all.length / rows;
        return Arrays.copyOfRange(all, k * width, (k + 1) * width);
    }

    private static float[] row(float[] all, int rows, int k) {
        int width = all.length / rows;
        return Arrays.copyOfRange(all, k * width, (k + 1) * width);
    }

    /** Keeps the clips so far, also in a thread that is being interrupted. */
    void keep(List<ClipFeature> clips) {
        if (clips.isEmpty()) {
            return;
        }
        int width = clips.get(0).values().length;
        int frames = clips.get(0).frameTimes().length;
        HostArray features = HostArray.allocate(DType.F32, Shape.of(clips.size(), width));
        HostArray times = HostArray.allocate(DType.F64, Shape.of(clips.size(), 2));
        HostArray frameTimes = HostArray.allocate(DType.F64, Shape.of(clips.size(), frames));
        for (int k = 0; k < clips.size(); k++) {
            ClipFeature clip = clips.get(k);
            features.buffer().asFloatBuffer().position(k * width).put(clip.values());
            times.set(2 * k, clip.start());
            times.set(2 * k + 1, clip.end());
            frameTimes.buffer().asDoubleBuffer().position(k * frames).put(clip.frameTimes());
        }
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        tensors.put(CLIPS, features);
        tensors.put("times", times);
        tensors.put("frame_times", frameTimes);
        // a file channel closes itself in a thread whose interrupt is pending
        boolean interrupted = Thread.interrupted();
        try {
            Safetensors.write(file, tensors, key);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The film is finished, or will never be. */
    void remove() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new KinemaException("'" + file + "' cannot be removed (" + e.getMessage() + "): remove it by hand", e);
        }
    }
}
