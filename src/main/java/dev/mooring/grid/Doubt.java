package dev.mooring.grid;

import java.time.Duration;
import java.util.Optional;

/**
 * The time during which nothing counts that a part of a cluster answers, because another part may have given it up. Two
 * parts look for each other every five seconds and merge. So it is over when all who might know better have been
 * together with that part for a while, and have handed over what they have; or when they are away for so long that they
 * are taken for dead.
 *
 * <p>Guarded by whoever has it, but for {@link #age}; nothing blocks.
 */
final class Doubt {

    /** For so long all must be together: a part that was given up loses sight of the others sooner. */
    static final Duration TOGETHER = Duration.ofSeconds(5);

    /** After that the others are taken for dead. */
    static final Duration LONGEST = Duration.ofSeconds(40);

    private final long begun;

    /** {@link System#nanoTime()} at which somebody was missing last. */
    private long apart;

    /** @param nanoTime {@link System#nanoTime()} */
    Doubt(long nanoTime) {
        this.begun = nanoTime;
        this.apart = nanoTime;
    }

    /**
     * Looks whether it is over.
     *
     * @param together whether all are there who might know better
     * @param nanoTime {@link System#nanoTime()}, not before the last look
     * @return why it is over; nothing while it is not
     */
    Optional<String> over(boolean together, long nanoTime) {
        if (!together) {
            apart = nanoTime;
        }
        if (nanoTime - begun > LONGEST.toNanos()) {
            return Optional.of("the others are not there");
        }
        return nanoTime - apart > TOGETHER.toNanos() ? Optional.of("all are together") : Optional.empty();
    }

    /** Returns for how long there has been doubt. */
    Duration age() {
        return Duration.ofNanos(System.nanoTime() - begun);
    }
}
