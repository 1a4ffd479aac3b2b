package dev.mooring.session;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.mooring.grid.Lanes;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's clock for sessions: says when one may be due, and when uses are to be reported. One thread, which only
 * hands on to the server's own. Runs on {@code nanoTime}; thread-safe; nothing blocks but {@link #forEach}.
 */
public final class Deadlines {

    private static final Logger LOG = LoggerFactory.getLogger(Deadlines.class);

    private static final long AGAIN_MS = 1000;

    /** Each waits for the cluster most of the time. */
    private static final int AT_A_TIME = 16;

    private final ScheduledThreadPoolExecutor clock;
    private final Executor executor;
    private final Lanes lanes;

    /**
     * Starts the clock.
     *
     * @param executor the server's threads, on which everything runs that may block
     */
    public Deadlines(Executor executor) {
        this.executor = executor;
        lanes = lanes(AT_A_TIME);
        clock = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "mooring-clock");
            thread.setDaemon(true);
            return thread;
        });
        // Now, and not by the first web application, whose class loader the thread would keep from being collected.
        clock.prestartAllCoreThreads();
        clock.setRemoveOnCancelPolicy(true);
        clock.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Stops the clock; what was scheduled is dropped. */
    public void stop() {
        clock.shutdownNow();
    }

    /**
     * Runs a task once; of those that are due at the same time, some at a time, so that they leave threads for
     * requests. The future is good for cancelling it alone.
     */
    @CanIgnoreReturnValue
    Future<?> in(long delayMs, Runnable task) {
        return ring(delayMs, () -> queue(task));
    }

    /** Tries once more, a second from now, what the cluster did not confirm; as {@link #in}. */
    @CanIgnoreReturnValue
    Future<?> again(Runnable task) {
        return in(AGAIN_MS, task);
    }

    /** Runs once, on the clock's own thread, what does not block. */
    Future<?> ring(long delayMs, Runnable task) {
        try {
            return clock.schedule(task, Math.max(0, delayMs), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("Server stops: task of the session clock not scheduled", e);
            return CompletableFuture.completedFuture(null);
        }
    }

    Future<?> every(long periodMs, Runnable task) {
        return clock.scheduleWithFixedDelay(() -> run(task), periodMs, periodMs, TimeUnit.MILLISECONDS);
    }

    /** Runs a task soon, behind those that wait already, with some at a time. */
    void queue(Runnable task) {
        lanes.execute(task);
    }

    /** Makes lanes on the server's threads, see {@link Lanes}. */
    Lanes lanes(int width) {
        return new Lanes(width, executor);
    }

    /**
     * Does something to many sessions, with some at a time; the current thread helps. Blocks until all is done.
     *
     * @param sessions what to do it to
     * @param task what to do
     */
    <T> void forEach(Collection<T> sessions, Consumer<T> task) {
        // The collection may change meanwhile.
        Queue<T> left = new ConcurrentLinkedQueue<>(sessions);
        int count = left.size();
        CountDownLatch done = new CountDownLatch(count);
        Runnable some = () -> {
            for (T next = left.poll(); next != null; next = left.poll()) {
                T session = next;
                try {
                    Lanes.runSafely(() -> task.accept(session));
                } finally {
                    done.countDown();
                }
            }
        };
        for (int i = 1; i < Math.min(AT_A_TIME, count); i++) {
            run(some);
        }
        some.run();
        try {
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Runs a task on a thread of the server. */
    void run(Runnable task) {
        try {
            executor.execute(() -> Lanes.runSafely(task));
        } catch (RejectedExecutionException e) {
            LOG.debug("Server stops: task of the session clock dropped", e);
        }
    }
}
