package dev.mooring.grid;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long the current thread waits for the cluster in all. Who has several things to ask of it for one answer, as for
 * a write that is stored and then told, would wait for as long for each; a client is to have its answer within five
 * seconds. Without one, each call has its own limit.
 *
 * <p>Belongs to the thread that began it. What it asks for and does not wait for any more goes on.
 */
public final class Patience implements AutoCloseable {

    /** Something is left of the five seconds for everything that does not wait. */
    private static final Duration LIMIT = Duration.ofMillis(4_500);

    private static final ThreadLocal<@Nullable Long> END = new ThreadLocal<>();

    private final @Nullable Long outer = END.get();

    private Patience() {}

    /**
     * Begins to count. Where the thread counts already, that goes on.
     *
     * @param spent what the answer has waited for the cluster before
     * @return what ends it
     */
    public static Patience begin(Duration spent) {
        Patience patience = new Patience();
        if (patience.outer == null) {
            END.set(System.nanoTime() + LIMIT.minus(spent).toNanos());
        }
        return patience;
    }

    /**
     * Runs what takes its time for its own reasons, as an application's listeners do: that does not count, and what it
     * asks of the cluster meanwhile has limits of its own.
     *
     * @param code what to do; what it throws is passed on
     */
    public static void uncounted(Runnable code) {
        Long end = END.get();
        if (end == null) {
            code.run();
            return;
        }
        long left = end - System.nanoTime();
        END.remove();
        try {
            code.run();
        } finally {
            END.set(System.nanoTime() + left);
        }
    }

    /**
     * Returns until when the current thread waits for something.
     *
     * @param most for how long it would without any other limit
     * @return as {@link System#nanoTime()}
     */
    public static long end(Duration most) {
        long own = System.nanoTime() + most.toNanos();
        Long end = END.get();
        return end == null || own - end < 0 ? own : end;
    }

    @Override
    public void close() {
        if (outer == null) {
            END.remove();
        }
    }
}
