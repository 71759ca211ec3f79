package dev.kinema.report;

import dev.kinema.KinemaException;
import java.util.List;
import java.util.Map;

/**
 * What an encoder saw in one film.
 *
 * @param title name of the film
 * @param duration length of the film in seconds
 * @param clipSeconds length of a clip in seconds
 * @param starts where each clip starts in the film, in seconds, rising; [n]
 * @param features what the encoder says of each clip; [n, d]
 * @param shots the stretches between cuts, in their order; empty where they are not known
 * @param pictures frames of the film, in the order of time, to show beside times; may be empty
 * @param remarks sentences to print under the title: what a reader must know to read the page rightly
 * @param facts how the page was made, in the order to print: what to what
 */
public record FilmReport(String title, double duration, double clipSeconds, double[] starts, float[][] features, List<Shot> shots,
    List<Picture> pictures, List<String> remarks, Map<String, String> facts) {

    /**
     * A stretch of film between two cuts, from {@code start} to {@code end} seconds.
     *
     * @param scene name of what it shows, the same for shots of the same; empty where it is not known
     */
    public record Shot(double start, double end, String scene) {}

    /**
     * The frame at {@code time} seconds.
     *
     * @param rgb u8 [height, width, 3]
     */
    public record Picture(double time, int width, int height, byte[] rgb) {
        public Picture {
            if (width < 1 || height < 1 || rgb.length != width * height * 3) {
                throw new IllegalArgumentException("a picture of " + width + "x" + height + " has " + rgb.length + " bytes");
            }
        }
    }

    /** Checks that the parts fit together. */
    public FilmReport {
        shots = List.copyOf(shots);
        pictures = List.copyOf(pictures);
        remarks = List.copyOf(remarks);
        if (starts.length == 0 || starts.length != features.length) {
            throw new IllegalArgumentException(starts.length + " starts and " + features.length
                + " features: give one of each per clip, and at least one clip");
        }
        if (!(duration > 0) || !(clipSeconds > 0)) {
            throw new IllegalArgumentException("a film of " + duration + " s with clips of " + clipSeconds + " s: both must be above 0");
        }
        for (int i = 0; i < features.length; i++) {
            if (features[i].length != features[0].length || i > 0 && !(starts[i] > starts[i - 1])) {
                throw new IllegalArgumentException("clip " + i + " at " + starts[i] + " s has a feature of " + features[i].length
                    + " numbers: starts must rise, and features be of one length");
            }
            for (float x : features[i]) {
                if (!Float.isFinite(x)) {
                    throw new KinemaException("the feature of the clip at " + starts[i] + " s holds " + x
                        + ": check the weights, or compute in fp32");
                }
            }
        }
    }

    /** The report as one HTML page that loads nothing from elsewhere. */
    public String toHtml() {
        return new FilmPage(this).html();
    }
}
