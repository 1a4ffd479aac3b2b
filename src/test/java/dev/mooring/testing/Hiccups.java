package dev.mooring.testing;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * How long this machine keeps a thread from running that has something to do, as when other tests want its processors:
 * what no promise in seconds can be held to. A thread of its own looks how late it wakes. Thread-safe.
 */
public final class Hiccups implements AutoCloseable {
    private static final Duration NAP = Duration.ofMillis(10);

    /** From the question to its answer, more than one thread has to get its turn after another, in two processes. */
    private static final int TURNS = 4;

    private final AtomicLong longest = new AtomicLong();
    private final Thread thread = new Thread(this::run, "hiccups");

    private Hiccups() {
        thread.setDaemon(true);
    }

    /** Begins to look. */
    public static Hiccups watched() {
        var hiccups = new Hiccups();
        hiccups.thread.start();
        return hiccups;
    }

    /** How much later an answer may be for that, by what was seen so far; next to nothing on a quiet machine. */
    public Duration excuse() {
        return Duration.ofNanos(longest.get()).multipliedBy(TURNS);
    }

    private void run() {
        while (!Thread.currentThread().isInterrupted()) {
            long begun = System.nanoTime();
            LockSupport.parkNanos(NAP.toNanos());
            long late = System.nanoTime() - begun - NAP.toNanos();
            longest.accumulateAndGet(late, Math::max);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
