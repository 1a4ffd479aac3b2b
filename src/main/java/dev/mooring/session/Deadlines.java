package dev.mooring.session;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's clock for sessions: says when one may be due, and when uses are to be reported. One thread, which only hands on
 * to the server's own. Runs on {@code nanoTime}; thread-safe; nothing blocks but {@link #stop}.
 */
public final class Deadlines {

    private static final Logger LOG = LoggerFactory.getLogger(Deadlines.class);

    private final ScheduledThreadPoolExecutor clock;
    private final Executor executor;

    /**
     * Starts the clock.
     *
     * @param executor the server's threads, on which everything runs that may block
     */
    public Deadlines(Executor executor) {
        this.executor = executor;
        clock = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "mooring-clock");
            thread.setDaemon(true);
            return thread;
        });
        clock.setRemoveOnCancelPolicy(true);
        clock.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Stops the clock; what was scheduled is dropped. */
    public void stop() {
        clock.shutdownNow();
    }

    Future<?> in(long delayMs, Runnable task) {
        return clock.schedule(() -> run(task), Math.max(0, delayMs), TimeUnit.MILLISECONDS);
    }

    Future<?> every(long periodMs, Runnable task) {
        return clock.scheduleWithFixedDelay(() -> run(task), periodMs, periodMs, TimeUnit.MILLISECONDS);
    }

    /** Runs a task on a thread of the server. */
    void run(Runnable task) {
        try {
            executor.execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    // The boundary of a thread of the server, which nobody else watches.
                    LOG.warn("A task of the session clock failed", e);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("Server stops: task of the session clock dropped", e);
        }
    }
}
