package dev.mooring.driver;

import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Collection;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What a run found: counts, and for the first findings of each kind a line with the time at which a node's log may say more. Thread-safe. */
final class Report {
    private static final int LINES_EACH = 10;

    /** What should not be. */
    enum Finding {
        /** A read missed a write that was finished before it. */
        STALE,
        /** An attribute that has not its last value in the end. */
        LOST,
        /** A session that nothing opens, or that its old id opens. */
        MISPLACED,
        /** A socket that did not stay open. */
        CLOSED,
        /** An operation of which nobody knows whether it was done. */
        UNKNOWN
    }

    private final Mode mode;
    private final Plan plan;
    private final long start = System.nanoTime();
    private final LongAdder httpWrites = new LongAdder();
    private final LongAdder socketWrites = new LongAdder();
    private final LongAdder reads = new LongAdder();
    private final LongAdder idChanges = new LongAdder();
    private final AtomicInteger[] counts = new AtomicInteger[Finding.values().length];
    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private volatile double seconds;

    Report(Mode mode, Plan plan) {
        this.mode = mode;
        this.plan = plan;
        for (Finding finding : Finding.values()) {
            counts[finding.ordinal()] = new AtomicInteger();
        }
    }

    void wrote(boolean bySocket) {
        (bySocket ? socketWrites : httpWrites).increment();
    }

    void checked() {
        reads.increment();
    }

    void changedId() {
        idChanges.increment();
    }

    /** Something is not as it should be. */
    void found(Finding finding, String line) {
        if (counts[finding.ordinal()].incrementAndGet() <= LINES_EACH) {
            lines.add(LocalTime.now(ZoneId.systemDefault()) + " " + finding + ": " + line);
        }
    }

    /** The workers have done their work. */
    void worked() {
        seconds = (System.nanoTime() - start) / 1e9;
    }

    /** How often it was found. */
    int count(Finding finding) {
        return counts[finding.ordinal()].get();
    }

    /** How many writes were answered. */
    long writes() {
        return httpWrites.sum() + socketWrites.sum();
    }

    /** How many reads were compared with what was finished before they started. */
    long reads() {
        return reads.sum();
    }

    /** How often an id was changed. */
    long idChanges() {
        return idChanges.sum();
    }

    /** The first findings of each kind, with the time of day. */
    Collection<String> lines() {
        return lines;
    }

    /** All counts in one line. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "driver %s seed %d: %d writes (%d HTTP, %d WebSocket) and %d checked reads of %d sessions on %d nodes,"
                        + " %d id changes, in %.1f s; %d stale, %d lost, %d misplaced, %d sockets closed, %d unknown",
                mode,
                plan.seed(),
                writes(),
                httpWrites.sum(),
                socketWrites.sum(),
                reads(),
                plan.sessions(),
                DriverCluster.NODES,
                idChanges(),
                seconds,
                count(Finding.STALE),
                count(Finding.LOST),
                count(Finding.MISPLACED),
                count(Finding.CLOSED),
                count(Finding.UNKNOWN));
    }
}
