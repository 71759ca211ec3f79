package dev.kinema.report;

import dev.kinema.report.FilmReport.Shot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A colour for each scene of a film: equally light, hues as far apart as a golden angle brings them. Grey where scenes are not known. */
final class SceneColours {
    private static final double GOLDEN_ANGLE = 137.50776;

    private final List<String> scenes = new ArrayList<>();

    SceneColours(List<Shot> shots) {
        shots.forEach(shot -> add(shot.scene()));
    }

    /** Colours of scenes in this order. */
    static SceneColours of(List<String> scenes) {
        SceneColours colours = new SceneColours(List.of());
        scenes.forEach(colours::add);
        return colours;
    }

    private void add(String scene) {
        if (!scene.isEmpty() && !scenes.contains(scene)) {
            scenes.add(scene);
        }
    }

    /** As a style attribute that sets {@code --scene}. */
    String style(String scene) {
        int index = scenes.indexOf(scene);
        OkLab colour = index < 0 ? new OkLab(0.65, 0, 0) : OkLab.polar(0.70, 0.12, 235 + index * GOLDEN_ANGLE).inSrgb();
        return String.format(Locale.ROOT, "--scene:#%06x", colour.rgb());
    }
}
