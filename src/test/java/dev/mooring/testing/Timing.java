package dev.mooring.testing;

import java.time.Duration;
import java.util.stream.Stream;

/** How long something takes, on a machine that is busy with other tests. */
public final class Timing {
    private static final int CALLS = 5;

    private Timing() {}

    /** How long this takes once. */
    public static Duration of(Runnable call) {
        long start = System.nanoTime();
        call.run();
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** How long the shortest of five takes: what waits, waits in each, and what the machine adds is not in all. */
    public static Duration ofTheShortest(Runnable call) {
        return Stream.generate(() -> of(call))
                .limit(CALLS)
                .min(Duration::compareTo)
                .orElseThrow();
    }
}
