package sockets;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Those who are kept waiting until a test lets them go, whatever web application of the process they are in by then. */
final class Latecomers {
    private static final String KEY = "sockets.latecomers";
    private static final int LIMIT_SECONDS = 20;

    private Latecomers() {}

    // Where every web application finds it, and nothing of any is held.
    private static Semaphore gate() {
        return (Semaphore) System.getProperties().computeIfAbsent(KEY, key -> new Semaphore(0));
    }

    /** Waits until somebody lets one go. */
    static void join() {
        try {
            if (!gate().tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new UnsupportedOperationException("nobody let it go");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new UnsupportedOperationException("interrupted", interrupted);
        }
    }

    /** Whether somebody waits. */
    static boolean areThere() {
        return gate().hasQueuedThreads();
    }

    /** Lets one go. */
    static void letGo() {
        gate().release();
    }
}
