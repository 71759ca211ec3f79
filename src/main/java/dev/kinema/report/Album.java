package dev.kinema.report;

import dev.kinema.report.FilmReport.Picture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/** The pictures of events that a page shows: each stands in the style sheet once, however often it is seen. */
final class Album {
    private final long bytes;
    private final List<Picture> pictures = new ArrayList<>();
    private final Map<String, Integer> numbers = new HashMap<>();

    /** An album whose PNG files have at most about {@code bytes} in all. */
    Album(long bytes) {
        this.bytes = bytes;
    }

    /** Writes a picture with {@code words} for who cannot see it. */
    void write(Markup page, Picture picture, String words) {
        page.open("i", "class", "picture e" + number(picture), "role", "img", "aria-label", words).close("i");
    }

    private int number(Picture picture) {
        CRC32 checksum = new CRC32();
        checksum.update(picture.rgb());
        String key = picture.width() + " " + picture.height() + " " + checksum.getValue() + " " + Arrays.hashCode(picture.rgb());
        return numbers.computeIfAbsent(key, none -> {
            pictures.add(picture);
            return pictures.size() - 1;
        });
    }

    /** The rules of all pictures that were written, and the shape of the first for all. */
    String css() {
        StringBuilder css = new StringBuilder();
        List<Picture> fitting = PictureBudget.fit(pictures, bytes);
        for (int i = 0; i < fitting.size(); i++) {
            Picture picture = fitting.get(i);
            css.append(".e").append(i).append("{background-image:url(")
                .append(Png.dataUri(Png.ofRgb(picture.width(), picture.height(), picture.rgb()))).append(")}\n");
        }
        if (!pictures.isEmpty()) {
            css.append(":root{--picture-shape:").append(pictures.get(0).width()).append('/').append(pictures.get(0).height()).append("}\n");
        }
        return css.toString();
    }
}
