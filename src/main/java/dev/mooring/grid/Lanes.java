package dev.mooring.grid;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks, in the order in which they come, with a limited number of an executor's threads, so that others are left
 * for the rest. A thread that has done one goes on with the next, and is given back when none waits. Thread-safe;
 * nothing blocks but the tasks themselves.
 */
public final class Lanes implements Executor {

    private static final Logger LOG = LoggerFactory.getLogger(Lanes.class);

    private final int width;
    private final Executor executor;
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger open = new AtomicInteger();

    /**
     * Opens none yet.
     *
     * @param width how many threads work at a time, at most
     * @param executor whose threads these are
     */
    public Lanes(int width, Executor executor) {
        this.width = width;
        this.executor = executor;
    }

    /** Runs a task soon; one that fails is logged. Does not block, and drops it where the executor takes none. */
    @Override
    public void execute(Runnable task) {
        waiting.add(task);
        if (!tryToOpen()) {
            return;
        }
        try {
            executor.execute(this::run);
        } catch (RejectedExecutionException e) {
            open.decrementAndGet();
            LOG.debug("Node stops: what waits is dropped", e);
        }
    }

    /** Drops the tasks that wait. */
    void clear() {
        waiting.clear();
    }

    private boolean tryToOpen() {
        return open.getAndUpdate(lanes -> Math.min(lanes + 1, width)) < width;
    }

    private void run() {
        do {
            try {
                for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
                    runSafely(next);
                }
            } finally {
                open.decrementAndGet();
            }
            // Perhaps added after the last look, by somebody who saw all lanes open.
        } while (!waiting.isEmpty() && tryToOpen());
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
