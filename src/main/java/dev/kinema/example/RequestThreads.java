package dev.kinema.example;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The threads of a service's requests, each with its time, which one thread looks after. */
final class RequestThreads implements Executor, AutoCloseable {
    private static final long LOOK_MILLIS = 50;
    private static final long IDLE_SECONDS = 30;
    /** In which a client must have sent its request's head, and taken an answer that is no film's. */
    private static final long BRIEF_SECONDS = 5;
    /** How long clients are waited for once the service is being closed. */
    private static final long CLOSING_MILLIS = 500;

    private final ThreadPoolExecutor threads;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "kinema-service-time");
        thread.setDaemon(true);
        return thread;
    });
    private final Set<RequestTime> running = ConcurrentHashMap.newKeySet();
    private final ThreadLocal<RequestTime> current = new ThreadLocal<>();
    private volatile boolean closing;

    RequestThreads(int count) {
        threads = new ThreadPoolExecutor(count, count, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        threads.allowCoreThreadTimeOut(true);
        timer.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        for (RequestTime time : running) {
            if (closing) {
                time.hurry(TimeUnit.MILLISECONDS.toNanos(CLOSING_MILLIS));
            }
            time.look();
        }
    }

    @Override
    public void execute(Runnable request) {
        RequestTime time = new RequestTime(TimeUnit.SECONDS.toNanos(BRIEF_SECONDS));
        threads.execute(() -> {
            current.set(time);
            running.add(time);
            time.start();
            try {
                request.run();
            } finally {
                running.remove(time);
                time.end();
                current.remove();
            }
        });
    }

    /** That of the request which this thread answers. */
    RequestTime time() {
        return current.get();
    }

    /** Waits little for clients from now on. */
    void hurry() {
        closing = true;
    }

    /** Waits a moment for threads whose connections were cut to tidy up, as to delete what was uploaded. */
    @Override
    public void close() {
        threads.shutdownNow();
        timer.shutdownNow();
        try {
            threads.awaitTermination(CLOSING_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
