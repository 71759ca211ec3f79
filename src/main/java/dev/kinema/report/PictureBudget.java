package dev.kinema.report;

import dev.kinema.report.FilmReport.Picture;
import java.util.List;

/** Keeps a page small: where its pictures take more than their share, all are shrunk alike. */
final class PictureBudget {
    /** Below this a picture shows nothing any more. */
    private static final int LEAST_SIDE = 24;

    private PictureBudget() {}

    /**
     * The pictures, shrunk by the least whole factor at which their PNG files have at most {@code bytes}, or at which they are too small.
     */
    static List<Picture> fit(List<Picture> pictures, long bytes) {
        List<Picture> fitting = pictures;
        for (int factor = 2; size(fitting) > bytes; factor++) {
            int by = factor;
            if (pictures.stream().anyMatch(picture -> Math.min(picture.width(), picture.height()) / by < LEAST_SIDE)) {
                return fitting;
            }
            fitting = pictures.stream().map(picture -> shrunk(picture, by)).toList();
        }
        return fitting;
    }

    private static long size(List<Picture> pictures) {
        return pictures.stream().mapToLong(picture -> Png.ofRgb(picture.width(), picture.height(), picture.rgb()).length).sum();
    }

    /** Each pixel the mean of {@code factor * factor}; what is over at the right and below is cut off. */
    static Picture shrunk(Picture picture, int factor) {
        int width = picture.width() / factor;
        int height = picture.height() / factor;
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            int channel = i % 3;
            int left = i / 3 % width * factor;
            int top = i / 3 / width * factor;
            int sum = 0;
            for (int k = 0; k < factor * factor; k++) {
                int pixel = (top + k / factor) * picture.width() + left + k % factor;
                sum += picture.rgb()[3 * pixel + channel] & 0xFF;
            }
            rgb[i] = (byte) Math.round((float) sum / (factor * factor));
        }
        return new Picture(picture.time(), width, height, rgb);
    }
}
