package dev.mooring.grid;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works off what waits to be done with a limited number of an executor's threads, so that others are left for the rest.
 * A thread that has done one thing goes on with the next, and is given back when nothing waits. Thread-safe; nothing
 * blocks but the work itself.
 */
public final class Lanes {

    private static final Logger LOG = LoggerFactory.getLogger(Lanes.class);

    private final int width;
    private final Executor executor;
    private final BooleanSupplier waits;
    private final Runnable work;
    private final AtomicInteger open = new AtomicInteger();

    /**
     * Opens none yet.
     *
     * @param width how many threads work at a time, at most
     * @param waits tells whether there is something to do; must not block. Whoever turns it from false to true opens a
     *     lane afterwards
     * @param work does some of it, on a thread of the executor; nothing if another was faster
     */
    public Lanes(int width, Executor executor, BooleanSupplier waits, Runnable work) {
        this.width = width;
        this.executor = executor;
        this.waits = waits;
        this.work = work;
    }

    /** To be called when there is more to do; where nothing waits, no thread is taken. Does not block. */
    public void open() {
        if (!waits.getAsBoolean() || !tryToOpen()) {
            return;
        }
        try {
            executor.execute(this::run);
        } catch (RejectedExecutionException e) {
            open.decrementAndGet();
            LOG.debug("Node stops: what waits is dropped", e);
        }
    }

    private boolean tryToOpen() {
        return open.getAndUpdate(lanes -> Math.min(lanes + 1, width)) < width;
    }

    private void run() {
        do {
            try {
                while (waits.getAsBoolean()) {
                    runSafely(work);
                }
            } finally {
                open.decrementAndGet();
            }
            // Perhaps added after the last look, by somebody who saw all lanes open.
        } while (waits.getAsBoolean() && tryToOpen());
    }

    /**
     * Runs a task at the boundary of a thread that nobody else watches; one that fails is logged.
     *
     * @param task what to do
     */
    public static void runSafely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.warn("A task for sessions failed", e);
        }
    }
}
