package dev.kinema.data;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import dev.kinema.Version;
import dev.kinema.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What all features of a store have in common: {@code store.json}. It decides the numbers, so that features under two headers are not
 * to be mixed.
 *
 * @param format version of the store's layout
 * @param weightsSha256 digest of the backbone's weights file, in hexadecimal
 * @param width length of a feature
 * @param hop seconds from the start of one clip to the start of the next
 * @param clipFrames pictures per clip
 * @param frameInterval seconds from picture to picture
 * @param crop side of the square pictures in pixels
 * @param precision that the backbone computed in, such as {@code fp32}
 * @param device what it computed on, such as {@code cpu}
 * @param writer which Kinema made the store; for people, and never compared
 */
public record FeatureHeader(int format, String weightsSha256, int width, double hop, int clipFrames, double frameInterval, int crop,
    String precision, String device, String writer) {

    /** Version of the layout that is written and read. */
    public static final int FORMAT = 1;

    static final String FILE = "store.json";
    private static final String WRITER = "writer";
    /** How far a stride may be from a whole number of hops: far above rounding, far below any hop. */
    private static final double TOLERANCE = 1e-9;

    /** Checks the numbers. */
    public FeatureHeader {
        if (width < 1 || !(hop > 0) || Double.isInfinite(hop) || clipFrames < 1 || !(frameInterval > 0) || crop < 1) {
            throw new IllegalArgumentException("features of width " + width + " every " + hop + " s, of clips of " + clipFrames + " frames "
                + "of " + crop + " pixels every " + frameInterval + " s: all must be above 0");
        }
    }

    /** The header of a store that this Kinema makes. */
    public static FeatureHeader of(String weightsSha256, int width, double hop, int clipFrames, double frameInterval, int crop,
            String precision, String device) {
        return new FeatureHeader(FORMAT, weightsSha256, width, hop, clipFrames, frameInterval, crop, precision, device,
            "kinema " + Version.CURRENT);
    }

    /**
     * Rows of the features from one token to the next: a token stride is a sub-sampling.
     *
     * @param seconds from token to token
     * @throws KinemaException if that is no whole number of hops, 1 or more
     */
    public int rows(double seconds) {
        double hops = seconds / hop;
        long rows = Math.round(hops);
        if (!(Math.abs(hops - rows) <= TOLERANCE * Math.max(1, hops)) || rows < 1 || rows > Integer.MAX_VALUE) {
            throw new KinemaException("a token every " + seconds + " s, but the store has features every " + hop
                + " s: choose a multiple of that, or extract features at another hop");
        }
        return (int) rows;
    }

    /** In the order of the file, which is the order of comparison. */
    private Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("format", format);
        fields.put("weights_sha256", weightsSha256);
        fields.put("feature_width", width);
        fields.put("hop_seconds", hop);
        fields.put("frames_per_clip", clipFrames);
        fields.put("frame_interval_seconds", frameInterval);
        fields.put("crop", crop);
        fields.put("precision", precision);
        fields.put("device", device);
        fields.put(WRITER, writer);
        return fields;
    }

    /** The first field in which another header differs, as "field has value, not value"; empty where none does. */
    public Optional<String> difference(FeatureHeader other) {
        Map<String, Object> others = other.fields();
        return fields().entrySet().stream().filter(f -> !f.getKey().equals(WRITER) && !f.getValue().equals(others.get(f.getKey())))
            .findFirst().map(f -> f.getKey() + " " + f.getValue() + ", not " + others.get(f.getKey()));
    }

    void write(Path folder) {
        JsonObject json = new JsonObject();
        fields().forEach((name, value) -> {
            if (value instanceof Number number) {
                json.addProperty(name, number);
            } else {
                json.addProperty(name, value.toString());
            }
        });
        AtomicFile.writeText(folder.resolve(FILE),
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json) + "\n");
    }

    static FeatureHeader read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new KinemaException("'" + folder + "' is no feature store, for it has no " + FILE
                + ": name a folder that features were extracted to");
        }
        try {
            return parse(file, Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e.getMessage() + "): check the file and its disk", e);
        }
    }

    private static FeatureHeader parse(Path file, String text) {
        JsonFields json = JsonFields.parse(file.toString(), "it is no feature store's, choose another folder", text);
        int format = json.size("format");
        if (format != FORMAT) {
            throw new KinemaException(file + ": has the format " + format + ", not " + FORMAT
                + ": it is of another version of Kinema, choose another folder");
        }
        try {
            return new FeatureHeader(format, json.text("weights_sha256"), json.size("feature_width"), json.number("hop_seconds"),
                json.size("frames_per_clip"), json.number("frame_interval_seconds"), json.size("crop"), json.text("precision"),
                json.text("device"), json.text(WRITER));
        } catch (IllegalArgumentException e) {
            throw json.refused("has " + e.getMessage());
        }
    }
}
