package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.GivenFilm;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What decoded clips may take, whoever decodes how many of them. */
@Timeout(60)
class ClipMemoryTest {
    private static final ClipPlan PLAN = ClipPlan.of(2, 4, 2, 8);

    @TempDir
    static Path folder;

    private static GivenFilm grey(int frames) {
        return GivenFilm.of(Path.of("grey"), 48, 36, 15, Collections.nCopies(frames, ByteBuffer.allocate(48 * 36 * 3)));
    }

    private static boolean waits(Thread thread) {
        return thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TERMINATED;
    }

    @Test
    void eachFilmHasItsShareAndAllHaveOneReserve() throws Exception {
        ClipMemory memory = new ClipMemory(PLAN, 2, 1);
        ClipMemory.Share first = memory.share();
        ClipMemory.Share second = memory.share();
        first.borrow();
        second.borrow();
        List<ClipMemory.Slot> taken = new ArrayList<>(List.of(first.take(), first.take(), first.take()));
        assertEquals(2 * 8 * 8 * 3, taken.get(0).pixels.capacity());
        assertEquals(2, taken.get(0).times.length);
        second.take();
        ClipMemory.Slot last = second.take();
        assertEquals(5, memory.made());
        FutureTask<ClipMemory.Slot> sixth = new FutureTask<>(second::take);
        Thread thread = new Thread(sixth);
        thread.start();
        while (!waits(thread)) {
            Thread.onSpinWait();
        }
        assertFalse(sixth.isDone(), "the reserve is taken");
        first.give(taken.remove(0));
        assertTrue(sixth.get(30, TimeUnit.SECONDS).pixels.isDirect(), "the reserve is free");
        assertEquals(5, memory.made());
        second.give(last);
        assertEquals(1, memory.spare());
        first.close();
        assertThrows(InterruptedException.class, first::take);
    }

    /** A film that is decoded before anybody encodes it leaves the reserve to the one that is encoded. */
    @Test
    void whoIsNotComputedBorrowsNothing() throws Exception {
        ClipMemory memory = new ClipMemory(PLAN, 2, 3);
        try (ClipStream idle = new ClipStream(grey(200), PLAN, memory)) {
            while (memory.made() < 2) {
                Thread.sleep(1);
            }
            ClipMemory.Share computed = memory.share();
            computed.borrow();
            List<ClipMemory.Slot> taken = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                taken.add(computed.take());
            }
            assertEquals(7, memory.made());
            idle.begin();
            taken.forEach(computed::give);
            while (memory.spare() > 2) {
                Thread.sleep(1);
            }
            assertEquals(7, memory.made(), "what the other gave back is borrowed");
        }
    }

    /** Calls that are held back decode what they may; what that is, is what {@link ServingConfig} says. */
    @ParameterizedTest
    @CsvSource({"1, 1, false, 7", "2, 4, false, 39", "2, 4, true, 42"})
    void theBoundIsTheOneThatIsDocumented(int programs, int batch, boolean gather, int bound) throws Exception {
        ServingConfig serving = ServingConfig.DEFAULT.withPrograms(programs);
        serving = gather ? serving.withGather(Duration.ofMillis(1)) : serving;
        MovieEncoderConfig config = MovieEncoderConfig.of(TinyNetwork.backbone(folder)).withDevice("cpu", 2)
            .withPrecision(PrecisionChoice.FP32).withBatch(batch).withServing(serving).withHop(0.05);
        int running = serving.runningFor(programs, batch);
        ExecutorService threads = Executors.newFixedThreadPool(running);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            CountDownLatch goOn = new CountDownLatch(1);
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < running; i++) {
                calls.add(threads.submit(() -> encoder.encode(grey(200), Cancellation.onRequest(), clip -> await(goOn))));
            }
            while (encoder.memory().made() < bound) {
                assertFalse(Thread.interrupted(), "it does not come to what may be");
                Thread.sleep(1);
            }
            goOn.countDown();
            for (Future<?> call : calls) {
                call.get();
            }
            assertEquals(bound, encoder.memory().made());
            assertEquals(bound, encoder.memory().spare(), "all is given back");
        } finally {
            threads.shutdownNow();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new KinemaException("interrupted", e);
        }
    }

    /** A thread that ends a call may wake its stream at any moment, also as it is closed: what it puts in there is no memory. */
    @Test
    void wakeUpsAreNoMemory() throws Exception {
        ClipMemory memory = ClipMemory.of(PLAN, 1, 1, 1);
        for (int round = 0; round < 200; round++) {
            ClipStream stream = new ClipStream(grey(35), PLAN, memory);
            CountDownLatch begun = new CountDownLatch(1);
            Thread waker = new Thread(() -> {
                for (int i = 0; i < 20_000; i++) {
                    stream.wake();
                    begun.countDown();
                }
            });
            waker.start();
            await(begun);
            stream.close();
            waker.join();
            // of a wake-up among them, that has no room, the next film would die
            ClipMemory.Share share = memory.share();
            share.borrow();
            while (memory.spare() > 0) {
                assertEquals(2 * 8 * 8 * 3, share.take().pixels.capacity());
            }
            memory = ClipMemory.of(PLAN, 1, 1, 1);
        }
    }
}
