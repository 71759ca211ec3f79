package dev.kinema.report;

import dev.kinema.report.FilmReport.Picture;
import java.util.List;

/** The frames a page shows: each stands in the style sheet once, as a class, however often it is seen. */
final class Pictures {
    private final List<Picture> pictures;

    Pictures(List<Picture> pictures) {
        this.pictures = pictures;
    }

    boolean isEmpty() {
        return pictures.isEmpty();
    }

    /** Number of the picture nearest to a time, -1 where there is none. */
    int at(double time) {
        int nearest = -1;
        for (int i = 0; i < pictures.size(); i++) {
            if (nearest < 0 || Math.abs(pictures.get(i).time() - time) < Math.abs(pictures.get(nearest).time() - time)) {
                nearest = i;
            }
        }
        return nearest;
    }

    /** The picture nearest to a time, if there is any. */
    void write(Markup page, double time) {
        if (!pictures.isEmpty()) {
            page.open("i", "class", "picture p" + at(time)).close("i");
        }
    }

    /** The rules that hold the pictures, and the shape of the first for all. */
    String css() {
        StringBuilder css = new StringBuilder();
        for (int i = 0; i < pictures.size(); i++) {
            Picture picture = pictures.get(i);
            css.append(".p").append(i).append("{background-image:url(")
                .append(Png.dataUri(Png.ofRgb(picture.width(), picture.height(), picture.rgb()))).append(")}\n");
        }
        if (!pictures.isEmpty()) {
            css.append(":root{--picture-shape:").append(pictures.get(0).width()).append('/').append(pictures.get(0).height()).append("}\n");
        }
        return css.toString();
    }
}
