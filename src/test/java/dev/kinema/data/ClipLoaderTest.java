package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import dev.kinema.video.ProceduralFilm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipLoaderTest {
    private static final int GOOD = 7;
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ClipSampler SAMPLER = new DecreasingGap(4, 0.2);
    private static final ClipTransform MARKED = new Marked(new CentreCrop(32, 24));

    @TempDir
    static Path folder;
    /** Seven films, and two that are none in the middle of them. */
    private static FilmList mixed;
    private static FilmList good;

    /** Writes a draw into the first byte, so that streams that are not the film's and the view's own show. */
    private record Marked(CentreCrop crop) implements ClipTransform {
        @Override
        public int shortSide() {
            return crop.shortSide();
        }

        @Override
        public int size() {
            return crop.size();
        }

        @Override
        public int variants() {
            return 2;
        }

        @Override
        public Worker worker() {
            Worker worker = crop.worker();
            return (pictures, frames, height, width, view, variant, random, out, offset) -> {
                worker.apply(pictures, frames, height, width, view, variant, random, out, offset);
                out.putInt(offset, random.bits(0) + variant);
            };
        }
    }

    /** What a batch was. */
    private record Seen(long epoch, long index, boolean last, List<String> ids, List<Integer> labels, long pixels, LoaderPosition position,
            List<FailedFilm> failed) {
        static Seen of(ClipBatch batch) {
            try (batch) {
                CRC32 crc = new CRC32();
                crc.update(batch.pixels().duplicate());
                return new Seen(batch.epoch(), batch.indexInEpoch(), batch.lastOfEpoch(), batch.ids(),
                    Arrays.stream(batch.labels()).boxed().toList(), crc.getValue(), batch.position(), batch.failed());
            }
        }
    }

    @BeforeAll
    static void write() throws IOException {
        List<Film> films = new ArrayList<>();
        for (int i = 0; i < GOOD; i++) {
            Path path = folder.resolve("film" + i + ".mp4");
            ProceduralFilm.of(i, 64, 48, 10, 1.5 + 0.3 * i).write(path);
            films.add(new Film("film" + i + ".mp4", path, i % 3));
        }
        good = FilmList.of(films);
        Path text = Files.writeString(folder.resolve("text.mp4"), "this is no film\n".repeat(100));
        films.add(3, new Film("text.mp4", text, 0));
        films.add(5, new Film("empty.mp4", Files.createFile(folder.resolve("empty.mp4")), 1));
        mixed = FilmList.of(films);
    }

    private static LoaderSettings training() {
        return LoaderSettings.training(2, 1, 11, 2).withEpochs(3).withMaxFailedShare(0.5);
    }

    private static List<Seen> all(ClipLoader loader) {
        return assertTimeoutPreemptively(SOON, () -> {
            try (loader) {
                List<Seen> seen = new ArrayList<>();
                for (ClipBatch batch = loader.next(); batch != null; batch = loader.next()) {
                    seen.add(Seen.of(batch));
                }
                return seen;
            }
        });
    }

    private static List<Seen> all(FilmList list, LoaderSettings settings) {
        return all(new ClipLoader(list, SAMPLER, MARKED, settings));
    }

    @Test
    void batchesDoNotDependOnThreads() {
        List<Seen> expected = all(mixed, training().withThreads(1, 1));
        assertEquals(List.of(0L, 0L, 0L, 0L, 1L, 1L, 1L, 2L, 2L, 2L), expected.stream().map(Seen::epoch).toList(),
            "7 films make 3 steps of 2; in epoch 0 a fourth was begun before the films that fail were met");
        List<String> first = expected.stream().limit(4).flatMap(batch -> batch.ids().stream()).toList();
        assertEquals(first.get(0), first.get(7), "it was filled from the start of the order");
        assertEquals(7, new HashSet<>(first).size());
        for (int threads : new int[] {2, 5}) {
            assertEquals(expected, all(mixed, training().withThreads(threads, threads)));
        }
        assertEquals(10, new HashSet<>(expected.stream().map(Seen::pixels).toList()).size(), "epochs draw anew");
        LoaderSettings other = new LoaderSettings(2, 1, true, 3, true, 12, 2, 2, 0.5);
        assertNotEquals(expected.stream().map(Seen::pixels).toList(), all(mixed, other).stream().map(Seen::pixels).toList());
    }

    /** Half of the batches by asking whether they are there, the others by waiting. */
    @Test
    void batchesThatAreThereComeWithoutWaiting() {
        List<Seen> expected = all(mixed, training());
        List<Seen> seen = assertTimeoutPreemptively(SOON, () -> {
            List<Seen> some = new ArrayList<>();
            try (ClipLoader loader = new ClipLoader(mixed, SAMPLER, MARKED, training())) {
                for (int i = 0; i < expected.size(); i += 2) {
                    Optional<ClipBatch> there = loader.poll();
                    while (there.isEmpty()) {
                        Thread.sleep(1);
                        there = loader.poll();
                    }
                    some.add(Seen.of(there.get()));
                    some.add(Seen.of(loader.next()));
                }
                assertNull(loader.next());
                assertEquals(Optional.empty(), loader.poll());
            }
            return some;
        });
        assertEquals(expected, seen);
    }

    @Test
    void resumesAtEveryBatch() {
        for (LoaderSettings settings : List.of(training(), new LoaderSettings(2, 2, true, 3, true, 4, 2, 1, 0.5),
                new LoaderSettings(2, 1, false, 2, true, 11, 2, 2, 0.5))) {
            List<Seen> expected = all(mixed, settings);
            for (int i = 0; i < expected.size(); i++) {
                Seen at = expected.get(i);
                List<Seen> rest = all(new ClipLoader(mixed, SAMPLER, MARKED, settings, at.position(), at.failed()));
                assertEquals(expected.subList(i + 1, expected.size()), rest);
            }
        }
    }

    @Test
    void epochIsToldFromItsBatches() {
        List<Seen> seen = all(good, training());
        for (int i = 0; i < seen.size(); i++) {
            assertEquals(i / 3, seen.get(i).epoch());
            assertEquals(i % 3, seen.get(i).index());
            assertEquals(i % 3 == 2, seen.get(i).last());
        }
        Set<String> ids = new HashSet<>();
        seen.stream().limit(3).forEach(batch -> ids.addAll(batch.ids()));
        assertEquals(6, ids.size(), "each film once an epoch");
    }

    @Test
    void failedFilmsAreNamedOnceAndReplacedByNone() {
        List<Seen> seen = all(mixed, new LoaderSettings(3, 1, false, 2, false, 0, 2, 2, 0.25));
        List<List<String>> epoch = List.of(List.of("film0.mp4", "film1.mp4", "film2.mp4"), List.of("film3.mp4", "film4.mp4", "film5.mp4"),
            List.of("film6.mp4"));
        assertEquals(List.of(epoch.get(0), epoch.get(1), epoch.get(2), epoch.get(0), epoch.get(1), epoch.get(2)),
            seen.stream().map(Seen::ids).toList());
        assertEquals(List.of(false, false, true, false, false, true), seen.stream().map(Seen::last).toList());
        assertEquals(List.of(), seen.get(0).failed());
        assertEquals(List.of("text.mp4", "empty.mp4"), seen.get(1).failed().stream().map(FailedFilm::id).toList());
        assertEquals(seen.get(1).failed(), seen.get(5).failed(), "a film that failed is not tried again");
        assertTrue(seen.get(1).failed().get(1).reason().contains("empty.mp4"), seen.get(1).failed()::toString);
        assertEquals(List.of(0, 1, 2), seen.get(0).labels());
    }

    @Test
    void filmsThatFailLastAreKnownAfterTheLastBatch() {
        List<Film> films = new ArrayList<>(good.films().subList(0, 2));
        films.add(mixed.films().get(3));
        FilmList list = FilmList.of(films);
        List<Seen> seen = all(list, new LoaderSettings(2, 1, false, 1, false, 0, 1, 1, 0.5));
        assertEquals(1, seen.size());
        assertTrue(seen.get(0).last());
        assertEquals(1, seen.get(0).failed().size());
    }

    @Test
    void tooManyFailuresEndTheRun() {
        LoaderSettings settings = new LoaderSettings(1, 1, false, 1, false, 0, 2, 2, 0.2);
        try (ClipLoader loader = new ClipLoader(mixed, SAMPLER, MARKED, settings)) {
            // the second failure, of film 5 of 9, is one too many; what came before is delivered
            for (int i = 0; i < 3; i++) {
                assertEquals("film" + i + ".mp4", loader.next().ids().get(0));
            }
            String message = assertThrows(KinemaException.class, () -> {
                loader.next();
                loader.next();
            }).getMessage();
            for (String part : List.of("2 of 9", "22.22 %", "0.2", "'text.mp4'", "'empty.mp4'", "allow a larger share")) {
                assertTrue(message.contains(part), message);
            }
            assertThrows(KinemaException.class, loader::next, "and it stays so");
        }
    }

    @Test
    void stepNeedsItsFilms() {
        for (FilmList list : List.of(good, mixed)) {
            LoaderSettings settings = new LoaderSettings(4, 2, true, 1, true, 0, 2, 2, 1);
            String message = assertThrows(KinemaException.class, () -> all(list, settings)).getMessage();
            assertTrue(message.contains("a step takes 8 (2 batches of 4)"), message);
        }
    }

    @Test
    void failuresOfAnotherListAreRefused() {
        List<FailedFilm> failed = List.of(new FailedFilm("other.mp4", "gone"));
        String message = assertThrows(KinemaException.class,
            () -> new ClipLoader(good, SAMPLER, MARKED, training(), LoaderPosition.START, failed)).getMessage();
        assertTrue(message.contains("other.mp4"), message);
    }

    @Test
    void pixelsLieByClipFilmAndVariant() {
        LoaderSettings settings = LoaderSettings.evaluation(4, 2);
        try (ClipLoader loader = new ClipLoader(good, SAMPLER, MARKED, settings)) {
            for (int films : new int[] {4, 3}) {
                ClipBatch batch = loader.next();
                assertEquals(films, batch.films());
                assertTrue(batch.pixels().isDirect());
                assertEquals(2 * films * 2 * 4 * 24 * 24 * 3, batch.pixels().remaining());
                for (int clip = 0; clip < 2; clip++) {
                    for (int film = 0; film < films; film++) {
                        int bits = FilmDraws.augmentation(0, 0, batch.ids().get(film), 0, clip).bits(0);
                        assertEquals(bits, batch.pixels().getInt(batch.offset(clip, film, 0)));
                        assertEquals(bits + 1, batch.pixels().getInt(batch.offset(clip, film, 1)));
                    }
                }
                assertEquals(films * 2 * 4 * 24 * 24 * 3, batch.offset(1, 0, 0));
                batch.close();
                assertThrows(IllegalStateException.class, batch::pixels);
            }
            assertNull(loader.next());
            assertNull(loader.next());
        }
    }

    @Test
    void buffersAreUsedAgain() {
        Map<ByteBuffer, Boolean> buffers = new IdentityHashMap<>();
        try (ClipLoader loader = new ClipLoader(good, SAMPLER, MARKED, training().withEpochs(LoaderSettings.FOREVER))) {
            for (int i = 0; i < 30; i++) {
                try (ClipBatch batch = loader.next()) {
                    buffers.put(batch.pixels(), true);
                }
            }
        }
        assertTrue(buffers.size() <= 4, "two ready, one held, one in the making: " + buffers.size());
    }

    @Test
    void bugsAreThrownWithTheFilmsName() {
        ClipTransform broken = broken(() -> {
            throw new ArithmeticException("seven");
        });
        try (ClipLoader loader = new ClipLoader(good, SAMPLER, broken, LoaderSettings.evaluation(1, 2))) {
            IllegalStateException thrown = assertThrows(IllegalStateException.class, loader::next);
            assertTrue(thrown.getMessage().contains("film0.mp4"), thrown.getMessage());
            assertInstanceOf(ArithmeticException.class, thrown.getCause());
        }
        ClipTransform full = broken(() -> {
            throw new OutOfMemoryError("tight");
        });
        try (ClipLoader loader = new ClipLoader(good, SAMPLER, full, LoaderSettings.evaluation(1, 2))) {
            KinemaException thrown = assertThrows(KinemaException.class, loader::next);
            assertTrue(thrown.getMessage().contains("film0.mp4") && thrown.getMessage().contains("-Xmx"), thrown.getMessage());
        }
    }

    private static ClipTransform broken(Runnable what) {
        return new ClipTransform() {
            @Override
            public int shortSide() {
                return 32;
            }

            @Override
            public int size() {
                return 24;
            }

            @Override
            public int variants() {
                return 1;
            }

            @Override
            public Worker worker() {
                return (ByteBuffer pictures, int frames, int height, int width, int view, int variant, Philox random, ByteBuffer out,
                    int offset) -> what.run();
            }
        };
    }

    @Test
    void closingWakesWhoeverWaits() {
        CountDownLatch begun = new CountDownLatch(1);
        ClipTransform slow = broken(() -> {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertTimeoutPreemptively(SOON, () -> {
            ClipLoader loader = new ClipLoader(good, SAMPLER, slow, LoaderSettings.evaluation(1, 2));
            List<Throwable> thrown = new ArrayList<>();
            Thread consumer = new Thread(() -> thrown.add(assertThrows(KinemaException.class, loader::next)));
            consumer.start();
            begun.await();
            loader.close();
            consumer.join();
            assertTrue(thrown.get(0).getMessage().contains("closed"), thrown::toString);
            assertThrows(KinemaException.class, loader::next);
            // with nobody taking them, batches wait; and closing again does nothing
            ClipLoader full = new ClipLoader(good, SAMPLER, MARKED, training().withEpochs(LoaderSettings.FOREVER));
            full.next().close();
            full.close();
            full.close();
        });
    }

    @Test
    void interruptEndsTheWait() {
        try (ClipLoader loader = new ClipLoader(good, SAMPLER, MARKED, training())) {
            Thread.currentThread().interrupt();
            KinemaException thrown = assertThrows(KinemaException.class, () -> {
                // a batch that is ready may come first
                for (int i = 0; i < 10; i++) {
                    loader.next();
                }
            });
            assertTrue(Thread.interrupted(), "the interrupt is kept");
            assertTrue(thrown.getMessage().contains("interrupted"), thrown.getMessage());
            loader.next().close();
            assertTrue(loader.waitedNanos() > 0);
        } finally {
            assertFalse(Thread.interrupted());
        }
    }
}
