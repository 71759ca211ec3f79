package dev.kinema.bench;

import dev.kinema.KinemaException;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.ClipReader;
import dev.kinema.video.EventFilm;
import dev.kinema.video.FrameReader;
import dev.kinema.video.Framing;
import dev.kinema.video.VideoFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Decoding a film that was made for it, every frame turned into RGB, or cut into clips. The first picture is held against the one that was
 * drawn.
 *
 * @param plan how it is cut into clips; empty for every frame
 */
record DecodeCase(String name, Framing framing, Optional<ClipPlan> plan) implements Case {
    private static final String SUITE = "decode";
    /** Mean difference of a colour, of 255: what the codec and halved chroma leave of drawn edges. */
    private static final double PICTURE_BOUND = 8;

    static List<Case> all() {
        ClipPlan clips = ClipPlan.of(16, 4, 2, 224);
        return List.of(new DecodeCase("whole-pictures", Framing.whole(), Optional.empty()),
            new DecodeCase("squares-of-224", Framing.square(224), Optional.empty()),
            new DecodeCase("clips-of-16x224x224", clips.framing(), Optional.of(clips)));
    }

    @Override
    public String suite() {
        return SUITE;
    }

    @Override
    public boolean usesDevice() {
        return false;
    }

    @Override
    public Workload open(Setting setting) {
        EventFilm drawn = EventFilm.of(1, List.of(0, 1, 2), setting.smallest() ? new EventFilm.Format(64, 48, 10, 1)
            : new EventFilm.Format(640, 360, 25, 2));
        Path file = temporary();
        drawn.write(file);
        double difference = difference(file, drawn);
        return plan.isPresent() ? new Cutting(file, plan.get(), drawn, difference) : new Decoding(file, framing, drawn, difference);
    }

    private static Path temporary() {
        try {
            return Files.createTempFile("kinema-bench", ".mp4");
        } catch (IOException e) {
            throw new UncheckedIOException("no film can be written to the folder for temporary files: make room there", e);
        }
    }

    private double difference(Path file, EventFilm drawn) {
        ByteBuffer expected = ByteBuffer.allocateDirect(3 * drawn.width() * drawn.height());
        ByteBuffer actual = ByteBuffer.allocateDirect(expected.capacity());
        drawn.render(0, expected, 0);
        try (VideoFile film = VideoFile.open(file); FrameReader frames = film.frames(Framing.whole())) {
            frames.next();
            frames.copyTo(actual, 0);
        }
        double sum = 0;
        for (int i = 0; i < expected.capacity(); i++) {
            sum += Math.abs((expected.get(i) & 0xFF) - (actual.get(i) & 0xFF));
        }
        return Distance.within(PICTURE_BOUND, sum / expected.capacity(), fullName() + ", first picture,");
    }

    /** Walks through the film. */
    private record Decoding(Path file, Framing framing, EventFilm drawn, double error) implements Workload {
        @Override
        public void run() {
            int count = 0;
            try (VideoFile film = VideoFile.open(file); FrameReader frames = film.frames(framing)) {
                ByteBuffer picture = ByteBuffer.allocateDirect(3 * frames.width() * frames.height());
                while (frames.next()) {
                    frames.copyTo(picture, 0);
                    count++;
                }
            }
            if (count != drawn.frames()) {
                throw new KinemaException(file + " has " + drawn.frames() + " frames, and " + count
                    + " were read: run the tests of decoding");
            }
        }

        /** Bytes of the pictures that were decoded, in RGB. */
        @Override
        public Work work() {
            return pictures(drawn);
        }

        @Override
        public void close() {
            delete(file);
        }
    }

    /** Cuts the film into clips, as an encoder has it done. */
    private record Cutting(Path file, ClipPlan plan, EventFilm drawn, double error) implements Workload {
        @Override
        public void run() {
            long count = 0;
            try (VideoFile film = VideoFile.open(file); ClipReader clips = film.clips(plan)) {
                ByteBuffer clip = ByteBuffer.allocateDirect(clips.clipBytes());
                while (clips.next(clip, 0)) {
                    count++;
                }
            }
            long expected = plan.clipsIn(drawn.frames() / drawn.frameRate());
            if (count != expected) {
                throw new KinemaException(file + " has " + expected + " clips, and " + count + " were read: run the tests of decoding");
            }
        }

        @Override
        public Work work() {
            return pictures(drawn);
        }

        @Override
        public void close() {
            delete(file);
        }
    }

    private static Work pictures(EventFilm drawn) {
        return new Work(0, 3L * drawn.width() * drawn.height() * drawn.frames(), 0);
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be deleted: delete it", e);
        }
    }
}
