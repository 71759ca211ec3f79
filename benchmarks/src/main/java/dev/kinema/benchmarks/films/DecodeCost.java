package dev.kinema.benchmarks.films;

import dev.kinema.KinemaException;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.ClipReader;
import dev.kinema.video.FrameReader;
import dev.kinema.video.VideoFile;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * What the clips of a film cost before anything is computed: processor time, in milliseconds per second of film, by part. Clips as Slow-D
 * takes them, 16 pictures of 224 x 224 every two seconds. Usage: {@code DecodeCost ROUNDS FILM|SECONDS...}; a number of seconds makes a
 * film of 640 x 360 at 25 pictures a second. Each number is the least of the rounds; one thread does all of it, so that other processes
 * hardly matter.
 */
public final class DecodeCost {
    private static final ClipPlan PLAN = ClipPlan.of(16, 4, 2, 224).withPadShort(true);
    /** One frame of so many is made a picture where pictures are timed: enough for a mean, without warming caches for each other. */
    private static final int EVERY = 5;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final Path film;
    private final String name;
    private double open = Double.POSITIVE_INFINITY;
    private double packets = Double.POSITIVE_INFINITY;
    private double frames = Double.POSITIVE_INFINITY;
    private double picture = Double.POSITIVE_INFINITY;
    private double clips = Double.POSITIVE_INFINITY;
    private double seconds;
    private long all;
    private long decoded;
    private long pictures;
    private String words;

    private DecodeCost(Path film, String name) {
        this.film = film;
        this.name = name;
    }

    public static void main(String[] args) throws IOException {
        if (args.length < 2) {
            throw new IllegalArgumentException("usage: DecodeCost ROUNDS FILM|SECONDS...");
        }
        if (!ManagementFactory.getThreadMXBean().isCurrentThreadCpuTimeSupported()) {
            throw new KinemaException("this Java does not tell a thread's processor time: use an OpenJDK");
        }
        System.out.printf("%-62s %7s %7s %8s %8s | ms of processor time per second of film%n", "", "", "frames", "", "");
        System.out.printf("%-62s %7s %7s %8s %8s | %7s %11s %17s %12s%n", "film", "seconds", "in all", "decoded", "pictures", "packets",
            "all frames", "pictures (each)", "clips in all");
        for (String what : Arrays.asList(args).subList(1, args.length)) {
            if (what.matches("[0-9]+")) {
                Path made = Files.createTempFile("kinema-film", ".mp4");
                try {
                    TrialFilm.writeFilm(made, Integer.parseInt(what));
                    measure(made, "made", Integer.parseInt(args[0]));
                } finally {
                    Files.delete(made);
                }
            } else {
                measure(Path.of(what), Path.of(what).getFileName().toString(), Integer.parseInt(args[0]));
            }
        }
    }

    private static void measure(Path film, String name, int rounds) {
        DecodeCost cost = new DecodeCost(film, name);
        // the first to be opened has FFmpeg's libraries loaded
        VideoFile.open(film).close();
        for (int i = 0; i < rounds; i++) {
            cost.walk();
            cost.convert();
            cost.cut();
        }
        cost.print();
    }

    /** The packets alone, for which the film is opened once more, and all frames. */
    private void walk() {
        double begun = now();
        try (VideoFile opened = VideoFile.open(film)) {
            open = Math.min(open, now() - begun);
            words = String.format(Locale.ROOT, "%s (%s, %dx%d, %.4g/s)", name, opened.codec(), opened.width(),
                opened.height(), opened.frameRate());
            begun = now();
            opened.measureDuration();
            packets = Math.min(packets, now() - begun);
            try (FrameReader reader = opened.frames(PLAN.framing())) {
                begun = now();
                while (reader.next()) {
                    seconds = reader.shownUntil();
                }
                frames = Math.min(frames, now() - begun);
            }
            all = opened.framesDecoded();
        }
    }

    private void convert() {
        double spent = 0;
        int count = 0;
        try (VideoFile opened = VideoFile.open(film); FrameReader reader = opened.frames(PLAN.framing())) {
            ByteBuffer target = ByteBuffer.allocateDirect(reader.pictureBytes());
            for (int i = 0; reader.next(); i++) {
                if (i % EVERY == 0) {
                    double begun = now();
                    reader.copyTo(target, 0);
                    spent += now() - begun;
                    count++;
                }
            }
        }
        picture = Math.min(picture, spent / count);
    }

    /** The whole way to clips in memory, in which frames that no clip wants may be left out. */
    private void cut() {
        try (VideoFile opened = VideoFile.open(film); ClipReader reader = opened.clips(PLAN)) {
            ByteBuffer clip = ByteBuffer.allocateDirect(reader.clipBytes());
            double begun = now();
            boolean more = true;
            while (more) {
                more = reader.next(clip, 0);
            }
            clips = Math.min(clips, now() - begun);
            decoded = opened.framesDecoded();
            pictures = reader.picturesConverted();
        }
    }

    /** Milliseconds that this thread has used. */
    private double now() {
        return threads.getCurrentThreadCpuTime() * 1e-6;
    }

    private void print() {
        System.out.printf(Locale.ROOT, "%-62s %7.1f %7d %8d %8d | %7.2f %11.2f %9.2f (%5.2f) %12.2f%n", words, seconds, all, decoded,
            pictures, Math.max(0, packets - open) / seconds, frames / seconds, picture * pictures / seconds, picture, clips / seconds);
    }
}
