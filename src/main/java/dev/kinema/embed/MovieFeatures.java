package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.Damage;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a film became: one feature per clip, and, where there is a contextualizer, one event per clip. The arrays are the object's own:
 * treat them as read-only.
 *
 * @param film the file
 * @param plan how clips were cut out of it
 * @param features F32 [T, width], one row per clip
 * @param events F32 [T, event width], the same clips in context; empty without a contextualizer
 * @param times F64 [T, 2], seconds into the film at which each clip starts and ends; the last may end up to one
 *     interval after the film, which lasts to its last picture; that of a padded film ends as if the film were long enough
 * @param frameTimes F64 [T, frames], presentation time in seconds of the frame that each picture of a clip was taken from
 * @param damage what was wrong with the film
 */
public record MovieFeatures(Path film, ClipPlan plan, HostArray features, Optional<HostArray> events, HostArray times,
    HostArray frameTimes, Damage damage) {

    static MovieFeatures of(Path film, ClipPlan plan, List<ClipFeature> clips, int width, Damage damage) {
        int count = clips.size();
        HostArray features = HostArray.allocate(DType.F32, Shape.of(count, width));
        HostArray times = HostArray.allocate(DType.F64, Shape.of(count, 2));
        HostArray frameTimes = HostArray.allocate(DType.F64, Shape.of(count, plan.frames()));
        FloatBuffer rows = features.buffer().asFloatBuffer();
        for (int k = 0; k < count; k++) {
            ClipFeature clip = clips.get(k);
            rows.put(clip.values());
            times.set(2 * k, clip.start());
            times.set(2 * k + 1, clip.end());
            for (int i = 0; i < plan.frames(); i++) {
                frameTimes.set(k * plan.frames() + i, clip.frameTimes()[i]);
            }
        }
        return new MovieFeatures(film, plan, features, Optional.empty(), times, frameTimes, damage);
    }

    MovieFeatures withEvents(HostArray values) {
        return new MovieFeatures(film, plan, features, Optional.of(values), times, frameTimes, damage);
    }

    /** Number of clips, T. */
    public int clips() {
        return features.shape().dim(0);
    }

    /** Seconds into the film at which clip {@code k} starts. */
    public double start(int k) {
        return times.get(2 * check(k));
    }

    /** Seconds into the film at which clip {@code k} ends. */
    public double end(int k) {
        return times.get(2 * check(k) + 1);
    }

    /** A copy of the feature of clip {@code k}. */
    public float[] feature(int k) {
        return row(features, check(k));
    }

    /** A copy of the event of clip {@code k}. */
    public float[] event(int k) {
        return row(events.orElseThrow(() -> new KinemaException("there are no events: open the encoder with a contextualizer's weights")),
            check(k));
    }

    /**
     * Refuses numbers that are none.
     *
     * @throws KinemaException naming the first clip whose feature or event holds a NaN or an infinity
     */
    public void checkFinite() {
        for (int k = 0; k < clips(); k++) {
            if (!isFinite(feature(k))) {
                throw new KinemaException("clip " + k + " of '" + film + "' has a feature that is not finite: the backbone's weights are damaged"
                    + " or overflow, try --precision fp32 or name other weights");
            }
            if (events.isPresent() && !isFinite(event(k))) {
                throw new KinemaException("clip " + k + " of '" + film + "' has an event that is not finite: the contextualizer's weights are"
                    + " damaged or overflow, name others");
            }
        }
    }

    private static boolean isFinite(float[] values) {
        for (float v : values) {
            if (!Float.isFinite(v)) {
                return false;
            }
        }
        return true;
    }

    private int check(int k) {
        if (k < 0 || k >= clips()) {
            throw new KinemaException("'" + film + "' has no clip " + k + ": it has " + clips() + ", counted from 0");
        }
        return k;
    }

    private static float[] row(HostArray array, int k) {
        float[] row = new float[array.shape().last()];
        array.buffer().asFloatBuffer().position(k * row.length).get(row);
        return row;
    }
}
