package dev.kinema.report;

import dev.kinema.report.FilmReport.Shot;
import java.util.List;

/** What a page calls the events of a film: its clips, or in a long film the means of neighbouring ones, so that a page stays small. */
final class Events {
    /** As many as a screen can tell apart in a matrix. */
    static final int MOST = 480;

    private final double[] starts;
    private final double[] ends;
    private final float[][] features;
    private final int clipsEach;
    private final List<Shot> shots;

    Events(FilmReport report) {
        int clips = report.starts().length;
        clipsEach = (clips + MOST - 1) / MOST;
        int n = (clips + clipsEach - 1) / clipsEach;
        starts = new double[n];
        ends = new double[n];
        features = new float[n][];
        shots = report.shots();
        for (int i = 0; i < n; i++) {
            int from = i * clipsEach;
            int to = Math.min(clips, from + clipsEach);
            starts[i] = report.starts()[from];
            ends[i] = Math.max(starts[i], Math.min(report.duration(), report.starts()[to - 1] + report.clipSeconds()));
            features[i] = mean(report.features(), from, to);
        }
    }

    private static float[] mean(float[][] features, int from, int to) {
        float[] mean = new float[features[0].length];
        for (int k = 0; k < mean.length; k++) {
            double sum = 0;
            for (int i = from; i < to; i++) {
                sum += features[i][k];
            }
            mean[k] = (float) (sum / (to - from));
        }
        return mean;
    }

    int size() {
        return starts.length;
    }

    double start(int i) {
        return starts[i];
    }

    /** Where what an event shows ends, in seconds; never after the film. */
    double end(int i) {
        return ends[i];
    }

    /** The middle of what it shows. */
    double middle(int i) {
        return (starts[i] + ends[i]) / 2;
    }

    float[][] features() {
        return features;
    }

    /** How many clips an event is the mean of. */
    int clipsEach() {
        return clipsEach;
    }

    /** The event whose middle is nearest to a time. */
    int at(double time) {
        int nearest = 0;
        while (nearest + 1 < size() && Math.abs(middle(nearest + 1) - time) <= Math.abs(middle(nearest) - time)) {
            nearest++;
        }
        return nearest;
    }

    /** Number of the shot that the event's middle lies in, -1 where shots are not known. */
    int shot(int i) {
        int shot = shots.size() - 1;
        while (shot > 0 && middle(i) < shots.get(shot).start()) {
            shot--;
        }
        return shot;
    }

    /** What the event's shot shows; empty where it is not known. */
    String scene(int i) {
        int shot = shot(i);
        return shot < 0 ? "" : shots.get(shot).scene();
    }

    /** Whether the event shows more than one shot. */
    boolean holdsCut(int i) {
        // less than a frame of another shot is none
        double slack = 0.02;
        return shots.stream().anyMatch(shot -> shot.start() > starts[i] + slack && shot.start() < ends[i] - slack);
    }

    /** Whether two events have nothing in common but what they show: they share no frame and, where shots are known, no shot. */
    boolean areApart(int i, int j) {
        boolean overlap = starts[i] < ends[j] && starts[j] < ends[i];
        return !overlap && (shots.isEmpty() || shot(i) != shot(j));
    }

    /** Whether the scene of an event is known to come back in another shot. */
    boolean comesBack(int i) {
        String scene = scene(i);
        for (int shot = 0; shot < shots.size() && !scene.isEmpty(); shot++) {
            if (shot != shot(i) && shots.get(shot).scene().equals(scene)) {
                return true;
            }
        }
        return false;
    }
}
