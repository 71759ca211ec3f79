package dev.kinema.cli;

import dev.kinema.report.FilmReport.Picture;
import dev.kinema.report.FilmReport.Shot;
import dev.kinema.video.FrameReader;
import dev.kinema.video.Framing;
import dev.kinema.video.VideoFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Small frames of a film for a page about it: from the middle of each clip and of each shot, of so many at most as a page can carry. */
final class Stills {
    private static final int SHORT_SIDE = 96;
    private static final int MOST = 64;

    private final TreeSet<Double> times = new TreeSet<>();

    Stills(double duration, double[] clips, double clipSeconds, List<Shot> shots) {
        for (int i = 0; i < Math.min(MOST, clips.length); i++) {
            double start = clips[(int) ((long) i * clips.length / Math.min(MOST, clips.length))];
            times.add((start + Math.min(duration, start + clipSeconds)) / 2);
        }
        if (shots.size() <= MOST) {
            shots.forEach(shot -> times.add((shot.start() + shot.end()) / 2));
        }
    }

    /** The frames of a film, in their order. */
    List<Picture> of(Path film) {
        List<Picture> pictures = new ArrayList<>();
        try (VideoFile video = VideoFile.open(film); FrameReader frames = video.frames(new Framing(SHORT_SIDE, 0))) {
            ByteBuffer pixels = ByteBuffer.allocateDirect(frames.pictureBytes());
            for (double time : times) {
                frames.seek(time);
                if (frames.next()) {
                    frames.copyTo(pixels, 0);
                    byte[] rgb = new byte[frames.pictureBytes()];
                    pixels.get(0, rgb);
                    pictures.add(new Picture(frames.time(), frames.width(), frames.height(), rgb));
                }
            }
        }
        return pictures;
    }
}
