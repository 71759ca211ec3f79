package dev.kinema.embed;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.device.ActivationRanges;
import dev.kinema.device.Device;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.ClipReader;
import dev.kinema.video.Footage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What a backbone needs to compute in int8: how large its activations become, seen on films like those that it is for.
 *
 * @param weightsSha256 digest of the weights' file that it is of
 * @param percentile of the activations that lie in the ranges, in percent; the rest is cut off
 * @param clips that were looked at
 */
public record Calibration(String weightsSha256, double percentile, int clips, ActivationRanges ranges) {
    /** One in a hundred thousand values is cut off, so that single extremes do not make the steps of all others coarse. */
    public static final double DEFAULT_PERCENTILE = 99.999;
    public static final int DEFAULT_CLIPS = 16;

    private static final int FORMAT = 1;
    private static final long LARGEST_FILE = 1 << 24;
    private static final String REMEDY = "give a file that 'kinema calibrate' wrote";

    /**
     * How to calibrate.
     *
     * @param clips to look at, spread over all films and over each film's length
     * @param percentile from 50 to 100; 100 for the largest activations
     * @param threads to compute with; 0 for one per processor
     */
    public record Settings(int clips, double percentile, int threads) {
        public static final Settings DEFAULT = new Settings(DEFAULT_CLIPS, DEFAULT_PERCENTILE, 0);

        public Settings {
            if (clips < 1 || !(percentile >= 50 && percentile <= 100)) {
                throw new KinemaException("a calibration over " + clips + " clips at percentile " + percentile
                    + ": there must be 1 clip or more, and the percentile must be from 50 to 100");
            }
        }
    }

    /**
     * Runs a backbone over films, in float32 on the cpu device. It depends on nothing but weights, films and settings.
     *
     * @param films of any length; one shorter than a clip gives a clip that ends in copies of its last picture
     * @param progress is told of each film that is done
     * @throws KinemaException if a file cannot be read, or the thread is interrupted
     */
    public static Calibration of(Path weights, List<Path> films, Settings settings, Consumer<Path> progress) {
        BackboneWeights backbone = BackboneWeights.read(weights);
        SlowConfig.Clip size = backbone.config().clip();
        ClipPlan plan = ClipPlan.of(size.frames(), size.samplingRate(), MovieEncoderConfig.DEFAULT_HOP, size.crop()).withPadShort(true);
        try (Device device = Device.open("cpu", settings.threads()); Weights own = device.newWeights()) {
            backbone.copyTo(own);
            Graph graph = Lanes.graph(backbone.config(), 1);
            own.initialize(graph, 0);
            try (ActivationRecorder recorder = new ActivationRecorder(device, own, backbone.config())) {
                for (int i = 0; i < films.size() && recorder.clips() < settings.clips(); i++) {
                    int left = films.size() - i;
                    record(films.get(i), plan, (settings.clips() - recorder.clips() + left - 1) / left, recorder);
                    progress.accept(films.get(i));
                }
                return new Calibration(Sha256.of(weights), settings.percentile(), recorder.clips(), recorder.ranges(settings.percentile()));
            }
        }
    }

    /** Clips from all over a film; its first ones where it does not say how long it is. */
    private static void record(Path film, ClipPlan plan, int clips, ActivationRecorder recorder) {
        Thread caller = Thread.currentThread();
        try (Footage video = Footage.open(film, caller::isInterrupted); ClipReader reader = video.clips(plan)) {
            ByteBuffer clip = ByteBuffer.allocateDirect(reader.clipBytes());
            long there = video.duration().isPresent() ? plan.clipsIn(video.duration().getAsDouble()) : 0;
            for (int i = 0; i < clips; i++) {
                if (there > clips) {
                    reader.seek((2L * i + 1) * there / (2L * clips));
                }
                if (caller.isInterrupted()) {
                    throw new KinemaException("interrupted while '" + film + "' was looked at: calibrate again");
                }
                if (!reader.next(clip, 0)) {
                    return;
                }
                recorder.add(clip);
            }
        }
    }

    /**
     * Reads a file.
     *
     * @throws KinemaException if it cannot be read, or is none of {@link #write}
     */
    public static Calibration read(Path file) {
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw new KinemaException(file + ": is too large for a calibration: " + REMEDY);
            }
            return parse(file, Files.readString(file));
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e.getMessage() + "): " + REMEDY, e);
        }
    }

    private static Calibration parse(Path file, String text) {
        JsonElement json;
        try {
            json = JsonParser.parseString(text);
        } catch (JsonParseException e) {
            throw new KinemaException(file + ": is no JSON: " + REMEDY, e);
        }
        if (!(json instanceof JsonObject object) || !(object.get("ranges") instanceof JsonObject ranges)
                || !(object.get("weights_sha256") instanceof JsonPrimitive digest) || number(file, object, "format") != FORMAT) {
            throw new KinemaException(file + ": is no calibration of format " + FORMAT + ": " + REMEDY);
        }
        Map<String, Double> greatest = new TreeMap<>();
        ranges.keySet().forEach(name -> greatest.put(name, number(file, ranges, name)));
        return new Calibration(digest.getAsString(), number(file, object, "percentile"), (int) number(file, object, "clips"),
            new ActivationRanges(greatest));
    }

    private static double number(Path file, JsonObject object, String name) {
        if (object.get(name) instanceof JsonPrimitive primitive && primitive.isNumber()) {
            return primitive.getAsDouble();
        }
        throw new KinemaException(file + ": has no number " + name + ": " + REMEDY);
    }

    /** Writes a JSON file, atomically. */
    public void write(Path file) {
        JsonObject object = new JsonObject();
        object.addProperty("format", FORMAT);
        object.addProperty("weights_sha256", weightsSha256);
        object.addProperty("percentile", percentile);
        object.addProperty("clips", clips);
        JsonObject greatest = new JsonObject();
        ranges.greatest().forEach(greatest::addProperty);
        object.add("ranges", greatest);
        AtomicFile.writeText(file, new GsonBuilder().setPrettyPrinting().create().toJson(object) + System.lineSeparator());
    }

    /**
     * Makes sure that it is of some weights.
     *
     * @throws KinemaException if it is of others
     */
    void requireWeights(Path weights) {
        String digest = Sha256.of(weights);
        if (!digest.equals(weightsSha256)) {
            throw new KinemaException("the calibration is of other weights than " + weights + " (" + weightsSha256 + ", not " + digest
                + "): run 'kinema calibrate' on these");
        }
    }
}
